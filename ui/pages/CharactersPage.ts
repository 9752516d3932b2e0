import { html } from "htm/preact";
import { useState } from "preact/hooks";
import type { Character } from "../../server/contract/character.ts";
import { Button } from "../components/Button.ts";
import { Chip } from "../components/Badge.ts";
import { CharacterCard } from "../components/CharacterCard.ts";
import { CharacterForm } from "../components/CharacterForm.ts";
import { EmptyState, FilteredEmpty } from "../components/EmptyState.ts";
import { Page } from "../components/Page.ts";
import { SearchField } from "../components/SearchField.ts";
import { useApp } from "../models/AppModel.ts";
import { readinessOf, type Readiness } from "../models/readiness.ts";
import { charactersText as text } from "../text/characters.ts";

const states: ReadonlyArray<readonly [Readiness, string]> = [
  ["needs-photos", "Needs photos"],
  ["ready", "Ready to train"],
  ["training", "Training"],
  ["trained", "Trained"],
];
/** Search and filters help from here on; below it they are only in the way. */
const manyCharacters = 6;

/** Who do I have, and who is ready to use? */
export function CharactersPage() {
  const app = useApp();
  const [query, setQuery] = useState("");
  const [state, setState] = useState<Readiness | null>(null);
  const isCreating = app.router.route.value.query.get("new") === "1";
  const all = app.characters.all.value;
  const shown = all.filter((character) => (state === null || readinessOf(app, character) === state) && matches(character, query));
  const create = () => app.router.setQuery({ new: "1" });
  const clear = () => {
    setQuery("");
    setState(null);
  };
  const onSaved = (character: Character, photos: readonly File[]) => {
    app.uploads.add(character.id, photos);
    app.router.navigate(`/characters/${character.id}`);
  };
  const filter = [query, states.find(([id]) => id === state)?.[1] ?? ""].filter((part) => part !== "").join(", ");
  return html`<${Page}
    title=${text.title}
    actions=${all.length > 0 && html`<${Button} kind="primary" icon="plus" onClick=${create}>${text.create}<//>`}
  >
    ${all.length > manyCharacters &&
    html`<div class="row wrap">
      <${SearchField} label=${text.search} value=${query} onInput=${setQuery} />
      ${states.map(([id, word]) => html`<${Chip} key=${id} pressed=${state === id} onClick=${() => setState(state === id ? null : id)}>${word}<//>`)}
    </div>`}
    ${all.length === 0
      ? html`<${EmptyState}
          icon="people"
          title=${text.emptyTitle}
          action=${html`<${Button} kind="primary" class="big" icon="plus" onClick=${create}>${text.emptyAction}<//>`}
        >${text.empty}<//>`
      : shown.length === 0
        ? html`<${FilteredEmpty} filter=${filter} onClear=${clear} />`
        : html`<ul class="tiles">${shown.map((character) => html`<li key=${character.id}><${CharacterCard} character=${character} /></li>`)}</ul>`}
    ${isCreating && html`<${CharacterForm} character=${null} onClose=${() => app.router.setQuery({ new: null })} onSaved=${onSaved} />`}
  <//>`;
}

function matches(character: Character, query: string): boolean {
  const text = `${character.name} ${character.triggerWord} ${character.description}`.toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
