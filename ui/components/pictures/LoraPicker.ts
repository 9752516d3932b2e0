import { html } from "htm/preact";
import { useId } from "preact/hooks";
import type { ImageCapabilities } from "../../../server/contract/backend.ts";
import type { Lora } from "../../../server/contract/lora.ts";
import { useApp } from "../../models/app/AppModel.ts";
import type { Draft } from "../../models/pictures/generation-draft.ts";
import { generateText as text } from "../../text/generate.ts";
import { simulatedText } from "../../text/obstacles.ts";
import { Button } from "../kit/Button.ts";
import { coverOf } from "../characters/CharacterCard.ts";
import { useObstacles } from "../jobs/Obstacles.ts";
import { Thumb } from "../kit/Thumb.ts";

type Choice = Draft["loras"][number];

export interface LoraPickerProps {
  loras: readonly Lora[];
  chosen: readonly Choice[];
  strength: ImageCapabilities["strength"];
  maxLoras: number;
  onChange: (chosen: readonly Choice[]) => void;
}

/** Who is in the picture: face, version and strength. More than one LoRA may be mixed. */
export function LoraPicker({ loras, chosen, strength, maxLoras, onChange }: LoraPickerProps) {
  const canMake = useObstacles("generation").length === 0;
  const known = chosen.filter((choice) => loras.some((lora) => lora.id === choice.id));
  const free = loras.filter((lora) => !known.some((choice) => choice.id === lora.id));
  if (loras.length === 0) {
    return html`<div class="field">
      <span class="label">${text.person}</span>
      <p class="hint">${text.noLoras}${canMake && text.othersNow} <a href="/training/new">${text.trainFirst}</a></p>
      <${Hidden} />
    </div>`;
  }
  const set = (at: number, next: Choice | null) => onChange(known.flatMap((choice, index) => (index !== at ? choice : (next ?? []))));
  const add = (id: string) => onChange([...known, { id, strength: strength.default }]);
  const rows: ReadonlyArray<Choice | null> = known.length === 0 ? [null] : known;
  return html`<div class="stack">
    ${rows.map(
      (choice, index) => html`<${LoraRow}
        key=${index}
        loras=${loras}
        taken=${known}
        choice=${choice}
        strength=${strength}
        canRemove=${known.length > 1}
        onChange=${(next: Choice | null) => (choice ? set(index, next) : next && add(next.id))}
      />`,
    )}
    ${known.length > 0 &&
    known.length < maxLoras &&
    free.length > 0 &&
    html`<div><${Button} kind="link" icon="plus" onClick=${() => add(free[0]!.id)}>${text.addPerson}<//></div>`}
    <${Hidden} />
  </div>`;
}

/** Those that are left out, so that nobody looks for them in vain. */
function Hidden() {
  const { library } = useApp();
  const count = library.loras.value.filter((lora) => lora.simulated && !library.usable.value.includes(lora)).length;
  return count === 0 ? null : html`<p class="hint">${simulatedText.hidden(count)}</p>`;
}

interface LoraRowProps {
  loras: readonly Lora[];
  taken: readonly Choice[];
  choice: Choice | null;
  strength: ImageCapabilities["strength"];
  canRemove: boolean;
  onChange: (choice: Choice | null) => void;
}

function LoraRow({ loras, taken, choice, strength, canRemove, onChange }: LoraRowProps) {
  const id = useId();
  const app = useApp();
  const lora = loras.find((candidate) => candidate.id === choice?.id);
  const character = app.characters.byId(lora?.characterId ?? "");
  const isFree = (candidate: Lora) => candidate.id === choice?.id || !taken.some((other) => other.id === candidate.id);
  const choose = (event: Event) => {
    const next = (event.target as HTMLSelectElement).value;
    onChange(next === "" ? null : { id: next, strength: choice?.strength ?? strength.default });
  };
  return html`<div class="lora-choice">
    <${Thumb} src=${character ? coverOf(character) : null} alt="" size="portrait" />
    <div class="stack tight grow">
      <label class="label" for=${id}>${text.person}</label>
      <div class="row">
        <select id=${id} class="input" onChange=${choose}>
          ${!canRemove && html`<option value="" selected=${!lora}>${text.nobody}</option>`}
          ${loras
            .filter(isFree)
            .map((candidate) => html`<option key=${candidate.id} value=${candidate.id} selected=${candidate.id === choice?.id}>${candidate.name}${candidate.simulated ? ` (${simulatedText.badge.toLowerCase()})` : ""}</option>`)}
        </select>
        ${canRemove && html`<${Button} kind="quiet" icon="close" label=${text.removePerson(lora?.name ?? "LoRA")} onClick=${() => onChange(null)} />`}
      </div>
      ${choice &&
      lora &&
      html`<${Strength} name=${lora.name} value=${choice.strength} range=${strength} onInput=${(value: number) => onChange({ ...choice, strength: value })} />`}
    </div>
  </div>`;
}

interface StrengthProps {
  name: string;
  value: number;
  range: ImageCapabilities["strength"];
  onInput: (value: number) => void;
}

/** A slider to try and a box to be exact. A double click goes back to the usual strength. */
function Strength({ name, value, range, onInput }: StrengthProps) {
  const id = useId();
  const read = (event: Event) => {
    const typed = Number((event.target as HTMLInputElement).value);
    if (Number.isFinite(typed)) onInput(Math.min(range.max, Math.max(range.min, typed)));
  };
  const limits = { min: range.min, max: range.max, step: range.step };
  return html`<div class="row strength">
    <label class="small" for=${id}>${text.strength}</label>
    <input
      type="range"
      ...${limits}
      value=${value}
      title=${text.strengthHelp}
      aria-label=${`${text.strength} of ${name}, slider`}
      onInput=${read}
      onDblClick=${() => onInput(range.default)}
    />
    <input id=${id} class="input num" type="number" inputmode="decimal" ...${limits} value=${value} onChange=${read} />
  </div>`;
}
