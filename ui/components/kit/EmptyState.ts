import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { Button } from "./Button.ts";
import { Icon, type IconName } from "./Icon.ts";

/** There has never been anything here: what it is, and the one thing to do. */
export function EmptyState(props: { icon: IconName; title: string; children?: ComponentChildren; action?: ComponentChildren }) {
  return html`<div class="empty">
    <span class="badge-icon"><${Icon} name=${props.icon} size="l" /></span>
    <h2>${props.title}</h2>
    <p>${props.children}</p>
    ${props.action}
  </div>`;
}

/** There is something, but the filter hides all of it. */
export function FilteredEmpty({ filter, onClear }: { filter: string; onClear: () => void }) {
  return html`<div class="empty">
    <h2>Nothing matches</h2>
    <p>No entry fits <strong>${filter}</strong>.</p>
    <${Button} onClick=${onClear}>Clear filter<//>
  </div>`;
}
