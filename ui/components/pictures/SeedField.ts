import { html } from "htm/preact";
import { useId } from "preact/hooks";
import { maxSeed } from "../../models/pictures/generation-draft.ts";
import { generateText as text } from "../../text/generate.ts";
import { Chip } from "../kit/Badge.ts";
import { Button } from "../kit/Button.ts";

/** Seeds that are rolled stay short enough to be read out. */
const rolledSeeds = 2 ** 32;

function rollSeed(): number {
  return Math.floor(Math.random() * rolledSeeds);
}

/** Another seed for every picture, or a fixed one to make the same picture again. `seed` null: random. */
export function SeedField({ seed, onChange }: { seed: number | null; onChange: (seed: number | null) => void }) {
  const id = useId();
  const read = (event: Event) => {
    const typed = Number((event.target as HTMLInputElement).value);
    if (Number.isSafeInteger(typed) && typed >= 0) onChange(Math.min(typed, maxSeed));
  };
  return html`<fieldset class="field">
    <legend class="label">${text.seed}</legend>
    <div class="row wrap">
      <${Chip} pressed=${seed === null} onClick=${() => onChange(null)}>${text.random}<//>
      <${Chip} pressed=${seed !== null} onClick=${() => onChange(seed ?? rollSeed())}>${text.fixed}<//>
      ${seed !== null &&
      html`<span class="row grow">
        <label class="hide" for=${id}>${text.seed}</label>
        <input id=${id} class="input num seed" inputmode="numeric" value=${seed} onChange=${read} />
        <${Button} kind="quiet" icon="dice" label="Another seed" onClick=${() => onChange(rollSeed())} />
      </span>`}
    </div>
    <p class="hint">${text.seedHelp}</p>
  </fieldset>`;
}
