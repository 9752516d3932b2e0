import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { simulatedText } from "../../text/obstacles.ts";

export type Tone = "ok" | "warn" | "bad" | "run" | "off";

export function Badge({ tone = "off", children }: { tone?: Tone; children?: ComponentChildren }) {
  return html`<span class="badge" data-s=${tone}>${children}</span>`;
}

/** On everything that the simulators of fast-test made, wherever it is shown. */
export function SimulatedBadge({ of }: { of: { readonly simulated: boolean } }) {
  return of.simulated ? html`<${Badge} tone="warn">${simulatedText.badge}<//>` : null;
}

/** A choice that can be on or off, for filters. */
export function Chip(props: { pressed: boolean; onClick: () => void; children?: ComponentChildren }) {
  return html`<button type="button" class="chip" aria-pressed=${props.pressed ? "true" : "false"} onClick=${props.onClick}>
    ${props.children}
  </button>`;
}
