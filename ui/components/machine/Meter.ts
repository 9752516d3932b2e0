import { html } from "htm/preact";

/** How full something is, always with the numbers in words. */
export function Meter({ label, used, total, text, warnAt = 0.9 }: { label: string; used: number; total: number; text: string; warnAt?: number }) {
  const fraction = total > 0 ? Math.min(1, Math.max(0, used / total)) : 0;
  return html`<div class="progress meter" data-s=${fraction >= warnAt ? "warn" : "off"}>
    <div class="text"><span>${label}</span><span>${text}</span></div>
    <div class="track" role="meter" aria-label=${label} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round(fraction * 100)} aria-valuetext=${text}>
      <div style=${{ width: `${(fraction * 100).toFixed(1)}%` }}></div>
    </div>
  </div>`;
}
