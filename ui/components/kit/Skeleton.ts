import { html } from "htm/preact";

/** Stands for content of the same size; appears only after 300 ms so that fast answers do not flash. */
export function Skeleton({ height, count = 1, layout = "stack" }: { height: string; count?: number; layout?: "stack" | "tiles" | "photos" }) {
  return html`<div class=${layout} aria-busy="true">
    <span class="hide">Loading</span>
    ${Array.from({ length: count }, (_, index) => html`<div key=${index} class="skeleton" aria-hidden="true" style=${{ height }}></div>`)}
  </div>`;
}
