import { html } from "htm/preact";
import { useState } from "preact/hooks";
import type { Character } from "../../../server/contract/character.ts";
import { plural } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { photoAdvice } from "../../models/training/estimate.ts";
import { minPhotos } from "../../models/characters/readiness.ts";
import { trainingText as text } from "../../text/training.ts";
import { Button } from "../kit/Button.ts";
import { coverOf } from "../characters/CharacterCard.ts";
import { EmptyState } from "../kit/EmptyState.ts";
import { SearchField } from "../kit/SearchField.ts";
import { StatusDot } from "../kit/StatusDot.ts";
import { Thumb } from "../kit/Thumb.ts";

/** More at once would push the choices below out of view. */
const shownFirst = 9;

/** Whom to train, each with the photos and whether they are enough. */
export function CharacterPick({ chosen, onChoose }: { chosen: string | null; onChoose: (characterId: string) => void }) {
  const characters = useApp().characters.all.value;
  const [search, setSearch] = useState("");
  if (characters.length === 0) {
    const action = html`<${Button} kind="primary" href="/characters">${text.createCharacter}<//>`;
    return html`<${EmptyState} icon="people" title="No characters yet" action=${action}>${text.noCharacters}<//>`;
  }
  const found = search.trim() === "" ? characters : characters.filter((character) => fits(character, search));
  const isShown = (character: Character, index: number) => index < shownFirst || character.id === chosen;
  // Who is chosen stays in view, whatever is searched.
  const kept = characters.filter((character) => character.id === chosen && !found.includes(character));
  const shown = [...kept, ...found.filter(isShown)];
  const hidden = found.length - (shown.length - kept.length);
  return html`
    ${characters.length > shownFirst && html`<div class="form"><${SearchField} label=${text.searchWho(characters.length)} value=${search} onInput=${setSearch} /></div>`}
    ${found.length === 0 && html`<p class="hint" role="status">${text.nobody(search.trim())}</p>`}
    <fieldset class="choices people">
      <legend class="hide">${text.who}</legend>
      ${shown.map(
        (character) => html`<${CharacterChoice} key=${character.id} character=${character} chosen=${chosen === character.id} onChoose=${onChoose} />`,
      )}
    </fieldset>
    ${hidden > 0 && html`<p class="hint num">${text.morePeople(hidden)}</p>`}
  `;
}

/** Every word of the search begins a word of the name, or occurs in the trigger word. */
function fits({ name, triggerWord }: Character, search: string): boolean {
  const words = name.toLowerCase().split(/\s+/);
  const parts = search.toLowerCase().trim().split(/\s+/);
  return parts.every((part) => words.some((word) => word.startsWith(part)) || triggerWord.toLowerCase().includes(part)) || name.toLowerCase().includes(search.toLowerCase().trim());
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
