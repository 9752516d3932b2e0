import { useRef, useState } from "preact/hooks";
import type { Character } from "../../../server/contract/character.ts";

export interface CharacterFields {
  readonly name: string;
  /** null: the one that is suggested. */
  readonly trigger: string | null;
  readonly description: string;
}

/** What was typed stays over Esc and a reload, until it is saved or cancelled. Of this tab alone. */
export function useKeptForm(character: Character | null) {
  const key = `isengard.character|${character?.id ?? "new"}`;
  const saved: CharacterFields = { name: character?.name ?? "", trigger: character?.triggerWord ?? null, description: character?.description ?? "" };
  const kept = useRef(read(key));
  const [fields, setFields] = useState<CharacterFields>({ ...saved, ...kept.current });
  return {
    fields,
    isKept: kept.current !== null,
    change(part: Partial<CharacterFields>) {
      const next = { ...fields, ...part };
      setFields(next);
      sessionStorage.setItem(key, JSON.stringify(next));
    },
    forget: () => sessionStorage.removeItem(key),
  };
}

function read(key: string): Partial<CharacterFields> | null {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null") as Partial<CharacterFields> | null;
  } catch {
    // Damaged: the form begins with what is saved.
    return null;
  }
}
