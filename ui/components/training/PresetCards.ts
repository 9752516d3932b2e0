import { html } from "htm/preact";
import type { Preset } from "../../../server/contract/backend.ts";
import { trainingText as text } from "../../text/training.ts";
import { Badge } from "../kit/Badge.ts";

export interface PresetCardsProps {
  presets: readonly Preset[];
  chosen: string;
  /** How many values of the chosen preset were changed. */
  changed: number;
  /** The real numbers of one preset: steps, test pictures, time. */
  factsOf: (preset: Preset) => readonly string[];
  onChoose: (presetId: string) => void;
}

/** Three promises to choose from, with what they cost. */
export function PresetCards({ presets, chosen, changed, factsOf, onChoose }: PresetCardsProps) {
  return html`<fieldset class="choices">
    <legend class="hide">${text.howGood}</legend>
    ${presets.map(
      (preset) => html`<label class="choice" key=${preset.id}>
        <span class="row">
          <strong>${preset.label}</strong>
          <input type="radio" name="preset" value=${preset.id} checked=${preset.id === chosen} onChange=${() => onChoose(preset.id)} />
        </span>
        <span class="small">${preset.promise}</span>
        <span class="hint num">${factsOf(preset).map((fact) => html`<span class="fact" key=${fact}>${fact}</span>`)}</span>
        ${preset.id === chosen && changed > 0 && html`<span><${Badge} tone="run">${text.changed(changed)}<//></span>`}
      </label>`,
    )}
  </fieldset>`;
}
