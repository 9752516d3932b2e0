import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { Icon } from "./Icon.ts";

/** A square picture that says so when it cannot be shown. `src` null: there is none yet. */
export function Thumb({ src, alt, size = "" }: { src: string | null; alt: string; size?: "" | "portrait" | "tiny" }) {
  const [failed, setFailed] = useState<string | null>(null);
  if (src === null) return html`<span class=${`thumb ${size}`}><span class="none"><${Icon} name="people" size=${size === "tiny" ? "s" : "l"} /></span></span>`;
  if (failed === src) {
    return html`<span class=${`thumb ${size}`}><span class="none">${size === "" ? `“${alt}” cannot be shown` : html`<${Icon} name="alert" size="s" />`}</span></span>`;
  }
  return html`<span class=${`thumb ${size}`}>
    <img src=${src} alt=${alt} loading="lazy" decoding="async" width="320" height="320" onError=${() => setFailed(src)} />
  </span>`;
}
