import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import type { CheckState } from "../../../server/contract/system.ts";
import type { Tone } from "./Badge.ts";

/** Nothing is green until a check said so: `unknown` is an empty ring. */
export function toneOfCheck(state: CheckState): Tone {
  return ({ ok: "ok", warning: "warn", error: "bad", unknown: "off" } as const)[state];
}

/** Shape and word carry the state, the colour only repeats it. */
export function StatusDot({ tone, children }: { tone: Tone; children?: ComponentChildren }) {
  return html`<span class="dot" data-s=${tone}>${shapeOf(tone)}<span>${children}</span></span>`;
}

function shapeOf(tone: Tone) {
  const inside = {
    ok: html`<circle cx="6" cy="6" r="5" />`,
    warn: html`<path d="M6 0.500L12 11.500H0z" />`,
    bad: html`<rect x="1" y="1" width="10" height="10" rx="1" />`,
    run: html`<path d="M6 1a5 5 0 1 1-5 5" />`,
    off: html`<circle cx="6" cy="6" r="4.500" />`,
  }[tone];
  return html`<svg viewBox="0 0 12 12" aria-hidden="true">${inside}</svg>`;
}
