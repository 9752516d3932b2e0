import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Character, TriggerCheck } from "../../../server/contract/character.ts";
import { asApiError, type ApiError } from "../../api.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { useKeptForm, type CharacterFields } from "../../models/hooks/useKeptForm.ts";
import { charactersText as text } from "../../text/characters.ts";
import { Button } from "../kit/Button.ts";
import { Dialog } from "../kit/Dialog.ts";
import { DropZone } from "./DropZone.ts";
import { TextField } from "../kit/Field.ts";
import { ErrorNotice } from "../kit/Notice.ts";

const checkMs = 300;
const maxName = 100;

/** Asks the server about a word a little after the last key; null while nobody knows. */
function useTriggerCheck(word: string, exceptId: string | null): TriggerCheck | null {
  const app = useApp();
  const [check, setCheck] = useState<TriggerCheck | null>(null);
  useEffect(() => {
    if (word.trim() === "") return setCheck(null);
    const abort = new AbortController();
    const timer = setTimeout(() => {
      app.characters.checkTrigger(word.trim(), exceptId, abort.signal).then(
        setCheck,
        // The form still works: the server checks the word again when it is saved.
        () => setCheck(null),
      );
    }, checkMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [word, exceptId]);
  return check;
}

/** The hints below name and trigger word, which tell of what will surprise later: no faults, so nothing is refused. */
function hintsOf(all: readonly Character[], character: Character | null, typed: CharacterFields): { name: string; trigger: string } {
  const name = typed.name.trim();
  const isTaken = all.some((other) => other.id !== character?.id && other.name.toLowerCase() === name.toLowerCase());
  const isNewWord = character !== null && character.loraCount > 0 && typed.trigger !== null && typed.trigger.trim() !== character.triggerWord;
  return {
    name: typed.name.length >= maxName ? text.nameFull : isTaken ? text.nameTaken(name) : text.nameHint,
    trigger: isNewWord ? text.triggerKept(character.triggerWord, character.loraCount) : text.triggerHint,
  };
}

export interface CharacterFormProps {
  /** null: a new one. */
  character: Character | null;
  onClose: () => void;
  onSaved: (character: Character, photos: readonly File[]) => void;
}

/** Creating and editing are the same form: a name is enough, the trigger word is suggested from it. */
export function CharacterForm({ character, onClose, onSaved }: CharacterFormProps) {
  const app = useApp();
  const { fields: typed, fields: { name, trigger, description }, change, isKept, forget } = useKeptForm(character);
  const [photos, setPhotos] = useState<readonly File[]>([]);
  const [error, setError] = useState<ApiError | null>(null);
  const [isAsked, setAsked] = useState(false);
  const form = useRef<HTMLDivElement>(null);
  // A name is no made-up word: with the question mark it is never accepted as it is, and a suggestion comes back.
  const check = useTriggerCheck(trigger ?? (name.trim() === "" ? "" : `${name.trim()} ?`), character?.id ?? null);
  const suggestion = check?.suggestion ?? "";
  const problem = trigger !== null && check && !check.ok ? [check.problem, suggestion && `Try “${suggestion}”.`].join(" ") : "";
  const ofField = (path: string) => error?.fields.find((field) => field.path.includes(path))?.message ?? "";

  const isNameless = name.trim() === "";
  const hints = hintsOf(app.characters.all.value, character, typed);
  const save = async () => {
    setAsked(true);
    if (isNameless) return form.current?.querySelector("input")?.focus();
    const fields = { name: name.trim(), description: description.trim() === "" ? null : description.trim() };
    const chosen = (trigger ?? suggestion).trim();
    const word = chosen === "" ? {} : { triggerWord: chosen };
    try {
      const saved = character
        ? await app.characters.update(character.id, { ...fields, ...word })
        : await app.characters.create({ ...fields, ...word });
      forget();
      onSaved(saved, photos);
    } catch (thrown) {
      setError(asApiError(thrown));
    }
  };
  const buttons = html`
    <${Button} onClick=${() => (forget(), onClose())}>Cancel<//>
    <${Button}
      kind="primary"
      busyText=${character ? text.saving : text.creating}
      onClick=${save}
    >${character ? text.save : text.emptyAction}<//>`;
  return html`<${Dialog} title=${character ? text.editTitle : text.createTitle} isForm onClose=${onClose} footer=${buttons}>
    <div class="stack wide" ref=${form}>
    ${error && html`<${ErrorNotice} error=${error} alert />`}
    ${isKept && html`<p class="hint" role="status">${text.draftKept}</p>`}
    <${TextField} label=${text.name} hint=${hints.name} problem=${isAsked && isNameless ? text.nameNeeded : ofField("name")} value=${name} onInput=${(next: string) => change({ name: next })} maxLength=${maxName} />
    <${TextField}
      label=${text.trigger}
      hint=${hints.trigger}
      problem=${problem || ofField("triggerWord")}
      value=${trigger ?? suggestion}
      onInput=${(next: string) => change({ trigger: next })}
      maxLength=${50}
      spellcheck=${false}
    />
    <${TextField} label=${text.description} multiline value=${description} onInput=${(next: string) => change({ description: next })} maxLength=${500} />
    ${character === null &&
    html`<div class="field">
      <span class="label">${text.photosLabel}</span>
      <${DropZone} small chosen=${photos} onFiles=${(files: File[]) => setPhotos([...photos, ...files])} />
    </div>`}
    </div>
  <//>`;
}
