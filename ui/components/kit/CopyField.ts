import { html } from "htm/preact";
import { useRef, useState } from "preact/hooks";
import { Button } from "./Button.ts";

const shownMs = 2000;

export interface CopyButtonProps {
  text: string;
  label?: string;
  /** What is copied, for those who do not see what it stands beside. */
  what?: string;
  select?: () => void;
}

/** Copies; where the browser does not allow it (plain http beyond this machine) it selects the text to copy by hand. */
export function CopyButton({ text, label = "Copy", what = "", select }: CopyButtonProps) {
  const [done, setDone] = useState<"" | "copied" | "select">("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone("copied");
    } catch {
      // Refused or not offered by this browser: the text is selected, so that one key copies it.
      select?.();
      setDone("select");
    }
    setTimeout(() => setDone(""), shownMs);
  };
  const words = done === "copied" ? "Copied" : done === "select" ? "Press Ctrl+C" : label;
  return html`<${Button} kind="quiet" icon=${done === "copied" ? "check" : "copy"} onClick=${copy}>
    <span aria-live="polite">${words}${what && html`<span class="hide"> ${what}</span>`}</span>
  <//>`;
}

export function CopyField({ text, label }: { text: string; label: string }) {
  const code = useRef<HTMLElement>(null);
  const select = () => code.current && getSelection()?.selectAllChildren(code.current);
  return html`<div class="copy">
    <code ref=${code} tabindex="0" role="textbox" aria-readonly="true" aria-label=${label}>${text}</code>
    <${CopyButton} text=${text} select=${select} />
  </div>`;
}
