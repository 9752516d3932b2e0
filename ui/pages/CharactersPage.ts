import { html } from "htm/preact";
import { useRef } from "preact/hooks";
import type { Character } from "../../server/contract/character.ts";
import { Button } from "../components/kit/Button.ts";
import { Chip } from "../components/kit/Badge.ts";
import { CharacterCard } from "../components/characters/CharacterCard.ts";
import { CharacterForm } from "../components/characters/CharacterForm.ts";
import { EmptyState, FilteredEmpty } from "../components/kit/EmptyState.ts";
import { Page } from "../components/frame/Page.ts";
import { SearchField } from "../components/kit/SearchField.ts";
import { useApp } from "../models/app/AppModel.ts";
import { findCharacters, type CharacterOrder } from "../models/characters/character-search.ts";
import { readinessOf, type Readiness } from "../models/characters/readiness.ts";
import { useGridWindow } from "../models/hooks/useGridWindow.ts";
import { charactersText as text } from "../text/characters.ts";

const states: ReadonlyArray<readonly [Readiness, string]> = [
  ["needs-photos", "Needs photos"],
  ["ready", "Ready to train"],
  ["training", "Training"],
  ["trained", "Trained"],
];
const orders: ReadonlyArray<readonly [CharacterOrder, string]> = [
  ["changed", "Newest change first"],
  ["name", "By name"],
  ["photos", "Most photos first"],
];
/** Search and filters help from here on; below it they are only in the way. */
const manyCharacters = 6;

/** Who do I have, and who is ready to use? Search, filter and order stand in the address: Back and a reload keep them. */
export function CharactersPage() {
  const app = useApp();
  const address = app.router.route.value.query;
  const query = address.get("q") ?? "";
  const state = states.find(([id]) => id === address.get("state"))?.[0] ?? null;
  const order = orders.find(([id]) => id === address.get("sort"))?.[0] ?? "changed";
  const isCreating = address.get("new") === "1";
  const all = app.characters.all.value;
  const shown = findCharacters(all.filter((character) => state === null || readinessOf(app, character) === state), query, order);
  const set = app.router.setQuery;
  const create = () => app.router.setQuery({ new: "1" });
  const clear = () => {
    set({ q: null, state: null });
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
      <${SearchField} label=${text.search} value=${query} onInput=${(next: string) => set({ q: next === "" ? null : next })} />
      ${states.map(([id, word]) => html`<${Chip} key=${id} pressed=${state === id} onClick=${() => set({ state: state === id ? null : id })}>${word}<//>`)}
      <select class="input auto" aria-label=${text.order} onChange=${(event: Event) => set({ sort: (event.target as HTMLSelectElement).value })}>
        ${orders.map(([id, word]) => html`<option key=${id} value=${id} selected=${id === order}>${word}</option>`)}
      </select>
      <p class="hint num" role="status">${text.total(shown.length, all.length)}</p>
    </div>`}
    ${all.length === 0
      ? html`<${EmptyState}
          icon="people"
          title=${text.emptyTitle}
          action=${html`<${Button} kind="primary" class="big" icon="plus" onClick=${create}>${text.emptyAction}<//>`}
        >${text.empty}<//>`
      : shown.length === 0
        ? html`<${FilteredEmpty} filter=${filter} onClear=${clear} />`
        : html`<${CharacterGrid} characters=${shown} />`}
    ${isCreating && html`<${CharacterForm} character=${null} onClose=${() => app.router.setQuery({ new: null })} onSaved=${onSaved} />`}
  <//>`;
}

/** Of many only the rows near the view are in the page. */
function CharacterGrid({ characters }: { characters: readonly Character[] }) {
  const box = useRef<HTMLUListElement>(null);
  const { from, to, style } = useGridWindow(box, characters.length);
  return html`<ul class="tiles" ref=${box} style=${style}>
    ${characters.slice(from, to).map(
      (character, index) => html`<li key=${character.id} aria-setsize=${characters.length} aria-posinset=${from + index + 1}><${CharacterCard} character=${character} /></li>`,
    )}
  </ul>`;
}
