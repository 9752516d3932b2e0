import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { plural } from "../format.ts";
import { charactersText as text } from "../text/characters.ts";
import { Button } from "./Button.ts";
import { Icon } from "./Icon.ts";

export interface DropZoneProps {
  onFiles: (files: File[]) => void;
  /** Takes files dropped and pictures pasted anywhere on the page. */
  wholePage?: boolean;
  small?: boolean;
  /** One line high, for a page that has photos already. */
  row?: boolean;
  /** Files already chosen in a form. */
  count?: number;
}

/** Drop, paste, or the button: each way gives the same files. */
export function DropZone({ onFiles, wholePage = false, small = false, row = false, count = 0 }: DropZoneProps) {
  const input = useRef<HTMLInputElement>(null);
  const zone = useRef<HTMLDivElement>(null);
  const [over, setOver] = useState(false);
  const take = (files: Iterable<File>) => {
    const list = [...files];
    if (list.length > 0) onFiles(list);
  };
  useEffect(() => {
    const target: EventTarget = wholePage ? document : zone.current!;
    const onDrag = (event: Event) => {
      if (!(event as DragEvent).dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: Event) => {
      if ((event as DragEvent).relatedTarget === null || !wholePage) setOver(false);
    };
    const onDrop = (event: Event) => {
      event.preventDefault();
      setOver(false);
      take((event as DragEvent).dataTransfer?.files ?? []);
    };
    const onPaste = (event: Event) => take((event as ClipboardEvent).clipboardData?.files ?? []);
    const pairs = [["dragover", onDrag], ["dragleave", onLeave], ["drop", onDrop], ["paste", onPaste]] as const;
    for (const [type, handler] of pairs) target.addEventListener(type, handler);
    return () => {
      for (const [type, handler] of pairs) target.removeEventListener(type, handler);
    };
  });
  const onChange = () => {
    take(input.current?.files ?? []);
    input.current!.value = "";
  };
  return html`<div class=${row ? "drop line" : "drop"} ref=${zone} data-over=${over ? "" : undefined}>
    ${!small && html`<${Icon} name="upload" size=${row ? "" : "l"} />`}
    <div>
      <p><strong>${count > 0 ? `${plural(count, "photo")} chosen` : small || row ? text.dropTitle : text.noPhotosTitle}</strong></p>
      ${!small && !row && html`<p>${text.noPhotos}</p>`}
      ${!small && html`<p class="hint">${text.dropHelp}</p>`}
    </div>
    <input ref=${input} class="hide" type="file" accept="image/jpeg,image/png,image/webp" multiple tabindex="-1" aria-hidden="true" onChange=${onChange} />
    <${Button} kind=${small || row ? "plain" : "primary"} icon="plus" onClick=${() => input.current?.click()}>${text.choose}<//>
  </div>`;
}
