import { html } from "htm/preact";
import { Icon } from "./Icon.ts";

export interface AbsentFeature {
  id: string;
  label: string;
  reason: string;
}

/** What cannot be done here, as text with the reason; a dead control would promise more. */
export function FeatureList({ title, features }: { title: string; features: readonly AbsentFeature[] }) {
  if (features.length === 0) return null;
  return html`<details class="fold">
    <summary><${Icon} name="right" size="s" />${title} <span class="hint num">(${features.length})</span></summary>
    <dl class="absent small">
      ${features.map((feature) => html`<div key=${feature.id}><dt>${feature.label}</dt><dd class="dim">${feature.reason}</dd></div>`)}
    </dl>
  </details>`;
}
