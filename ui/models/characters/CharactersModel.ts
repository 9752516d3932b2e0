import { batch, computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Character, CharacterPatch, NewCharacter, TriggerCheck } from "../../../server/contract/character.ts";
import type { Api } from "../../api.ts";
import type { Events } from "../../events.ts";
import { deleteWithUndo } from "../app/deletion.ts";
import type { ToastModel } from "../app/ToastModel.ts";

export interface CharactersModel {
  /** Newest change first, without those that are being deleted. */
  readonly all: ReadonlySignal<readonly Character[]>;
  byId(characterId: string): Character | undefined;
  create(fields: NewCharacter): Promise<Character>;
  update(characterId: string, patch: CharacterPatch): Promise<Character>;
  /** With an undo for as long as the server keeps it. */
  remove(character: Character): void;
  checkTrigger(word: string, exceptId: string | null, signal: AbortSignal): Promise<TriggerCheck>;
  reset(characters: readonly Character[]): void;
}

export function createCharactersModel(api: Api, events: Events, toasts: ToastModel): CharactersModel {
  const known = signal<readonly Character[]>([]);
  const hidden = signal<ReadonlySet<string>>(new Set());

  const put = (character: Character) => {
    const others = known.value.filter((other) => other.id !== character.id);
    known.value = [...others, character].toSorted((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1));
  };
  const hide = (characterId: string, hide: boolean) => {
    const next = new Set(hidden.value);
    if (hide) next.add(characterId);
    else next.delete(characterId);
    hidden.value = next;
  };

  events.on("character.changed", ({ character }) => put(character));
  events.on("character.removed", ({ characterId }) => {
    known.value = known.value.filter((character) => character.id !== characterId);
  });

  return {
    all: computed(() => known.value.filter((character) => !hidden.value.has(character.id))),
    byId: (characterId) => known.value.find((character) => character.id === characterId),
    async create(fields) {
      const character = await api.post<Character>("/api/characters", fields);
      put(character);
      return character;
    },
    async update(characterId, patch) {
      const character = await api.patch<Character>(`/api/characters/${encodeURIComponent(characterId)}`, patch);
      put(character);
      return character;
    },
    remove(character) {
      deleteWithUndo({ api, toasts }, {
        address: `/api/characters/${encodeURIComponent(character.id)}`, name: character.name,
        hide: () => hide(character.id, true), show: () => hide(character.id, false),
      });
    },
    checkTrigger: (word, exceptId, signal) => {
      const query = new URLSearchParams({ word, ...(exceptId ? { except: exceptId } : {}) });
      return api.get<TriggerCheck>(`/api/trigger-check?${query}`, { signal });
    },
    reset(characters) {
      batch(() => {
        known.value = [];
        for (const character of characters) put(character);
      });
    },
  };
}
