import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "./Icon.ts";

/** A server that is busy, restarting or still drawing the thumbnail has it a little later. */
const retryMs = [1_000, 4_000, 15_000] as const;

/** A square picture that says so when it cannot be shown. `src` null: there is none yet. */
export function Thumb({ src, alt, size = "" }: { src: string | null; alt: string; size?: "" | "portrait" | "tiny" }) {
  const [failed, setFailed] = useState({ src, times: 0, isWaiting: false });
  const { times, isWaiting } = failed.src === src ? failed : { times: 0, isWaiting: false };
  useEffect(() => {
    const wait = retryMs[times - 1];
    if (!isWaiting || wait === undefined) return;
    const timer = setTimeout(() => setFailed({ src, times, isWaiting: false }), wait);
    return () => clearTimeout(timer);
  }, [src, times, isWaiting]);
  if (src === null) return html`<span class=${`thumb ${size}`}><span class="none"><${Icon} name="people" size=${size === "tiny" ? "s" : "l"} /></span></span>`;
  if (isWaiting) {
    return html`<span class=${`thumb ${size}`}><span class="none">${size === "" ? `“${alt}” cannot be shown` : html`<${Icon} name="alert" size="s" />`}</span></span>`;
  }
  return html`<span class=${`thumb ${size}`}>
    <img key=${times} src=${src} alt=${alt} loading="lazy" decoding="async" width="320" height="320" onError=${() => setFailed({ src, times: times + 1, isWaiting: true })} />
  </span>`;
}
