import { html } from "htm/preact";
import type { Character } from "../../server/contract/character.ts";
import { plural } from "../format.ts";
import { useApp } from "../models/AppModel.ts";
import { photoAdvice } from "../models/estimate.ts";
import { minPhotos } from "../models/readiness.ts";
import { trainingText as text } from "../text/training.ts";
import { Button } from "./Button.ts";
import { coverOf } from "./CharacterCard.ts";
import { EmptyState } from "./EmptyState.ts";
import { StatusDot } from "./StatusDot.ts";
import { Thumb } from "./Thumb.ts";

/** Whom to train, each with the photos and whether they are enough. */
export function CharacterPick({ chosen, onChoose }: { chosen: string | null; onChoose: (characterId: string) => void }) {
  const characters = useApp().characters.all.value;
  if (characters.length === 0) {
    const action = html`<${Button} kind="primary" href="/characters">${text.createCharacter}<//>`;
    return html`<${EmptyState} icon="people" title="No characters yet" action=${action}>${text.noCharacters}<//>`;
  }
  return html`<fieldset class="choices">
    <legend class="hide">${text.who}</legend>
    ${characters.map((character) => html`<${CharacterChoice} key=${character.id} character=${character} chosen=${chosen === character.id} onChoose=${onChoose} />`)}
  </fieldset>`;
}

function CharacterChoice({ character, chosen, onChoose }: { character: Character; chosen: boolean; onChoose: (characterId: string) => void }) {
  const advice = photoAdvice(character.photoCount, minPhotos(useApp()));
  return html`<label class="choice who">
    <${Thumb} src=${coverOf(character)} alt="" size="portrait" />
    <span class="stack tight grow">
      <strong class="cut">${character.name}</strong>
      <span class="hint num">${plural(character.photoCount, "photo")}${character.loraCount > 0 && ` · trained ${plural(character.loraCount, "time")}`}</span>
      <${StatusDot} tone=${advice.tone}>${advice.text}<//>
    </span>
    <input type="radio" name="character" value=${character.id} checked=${chosen} onChange=${() => onChoose(character.id)} />
  </label>`;
}
