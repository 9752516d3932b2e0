import { html } from "htm/preact";
import { useState } from "preact/hooks";
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

/** More at once would push the choices below out of view. */
const shownFirst = 9;

/** Whom to train, each with the photos and whether they are enough. */
export function CharacterPick({ chosen, onChoose }: { chosen: string | null; onChoose: (characterId: string) => void }) {
  const characters = useApp().characters.all.value;
  const [all, setAll] = useState(false);
  if (characters.length === 0) {
    const action = html`<${Button} kind="primary" href="/characters">${text.createCharacter}<//>`;
    return html`<${EmptyState} icon="people" title="No characters yet" action=${action}>${text.noCharacters}<//>`;
  }
  const isShown = (character: Character, index: number) => all || index < shownFirst || character.id === chosen;
  const shown = characters.filter(isShown);
  return html`
    <fieldset class="choices people">
      <legend class="hide">${text.who}</legend>
      ${shown.map(
        (character) => html`<${CharacterChoice} key=${character.id} character=${character} chosen=${chosen === character.id} onChoose=${onChoose} />`,
      )}
    </fieldset>
    ${shown.length < characters.length && html`<div><${Button} onClick=${() => setAll(true)}>Show all ${characters.length}<//></div>`}
  `;
}

function CharacterChoice({ character, chosen, onChoose }: { character: Character; chosen: boolean; onChoose: (characterId: string) => void }) {
  const advice = photoAdvice(character.photoCount, minPhotos(useApp()));
  return html`<label class="choice who">
    <${Thumb} src=${coverOf(character)} alt="" size="portrait" />
    <span class="stack tight grow">
      <strong class="cut">${character.name}</strong>
      <span class="hint num">
        ${plural(character.photoCount, "photo")}${character.loraCount > 0 && ` · trained ${plural(character.loraCount, "time")}`}
      </span>
      <${StatusDot} tone=${advice.tone}>${advice.text}<//>
    </span>
    <input type="radio" name="character" value=${character.id} checked=${chosen} onChange=${() => onChoose(character.id)} />
  </label>`;
}
