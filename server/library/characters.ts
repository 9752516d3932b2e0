import type { Database } from "bun:sqlite";
import type { Character, CharacterPatch, NewCharacter, TriggerCheck } from "../contract/character.ts";
import { AppError, notFound } from "../base/errors.ts";
import type { Bus } from "../events/bus.ts";
import { newId } from "../base/ids.ts";
import type { LibraryDeps } from "./deps.ts";
import { plainText } from "../base/plain-text.ts";
import { suggestFrom, triggerProblem } from "./trigger-word.ts";
import { isJobKind, jobKinds } from "../shared/job-kinds.ts";

/** One row per person, with what hangs on it counted by the database. */
const selectCharacter = `
  select c.id, c.name, c.description, c.trigger_word as triggerWord,
    (select count(*) from photo p where p.character_id = c.id and p.deleted_at is null) as photoCount,
    (select p.id from photo p where p.character_id = c.id and p.deleted_at is null order by p.id limit 1) as coverPhotoId,
    (select count(*) from lora l where l.character_id = c.id and l.deleted_at is null) as loraCount,
    (select count(*) from output o where o.character_id = c.id and o.deleted_at is null) as pictureCount,
    (select l.id from lora l where l.character_id = c.id and l.deleted_at is null order by l.version desc limit 1) as latestLoraId,
    c.created_at as createdAt, c.updated_at as updatedAt
  from character c where c.deleted_at is null`;

type CharacterRow = Omit<Character, "activeJobId">;

/** People: identity and what belongs to it. What was deleted can be brought back until the purge takes it. */
export class Characters {
  private readonly db: Database;
  private readonly bus: Bus;

  constructor(private readonly deps: LibraryDeps) {
    this.db = deps.db;
    this.bus = deps.bus;
  }

  /** Newest first. */
  list(): Character[] {
    const trainings = this.deps.jobFacts.openTrainings();
    return this.db
      .query<CharacterRow, []>(`${selectCharacter} order by c.id desc`)
      .all()
      .map((row) => ({ ...row, activeJobId: trainings.get(row.id) ?? null }));
  }

  get(id: string): Character | null {
    const row = this.db.query<CharacterRow, [string]>(`${selectCharacter} and c.id = ?`).get(id);
    return row === null ? null : { ...row, activeJobId: this.deps.jobFacts.openTrainingOf(id) };
  }

  create(input: NewCharacter): Character {
    const name = nameOf(input.name);
    const triggerWord = input.triggerWord?.trim() ? input.triggerWord.trim() : this.suggestTrigger(name);
    this.assertTrigger(triggerWord);
    const id = newId("chr");
    const now = new Date().toISOString();
    this.guardTrigger(triggerWord, () =>
      this.db
        .query("insert into character (id, name, description, trigger_word, created_at, updated_at) values (?, ?, ?, ?, ?, ?)")
        .run(id, name, descriptionOf(input.description), triggerWord, now, now));
    return this.announced(id);
  }

  /** Absent fields stay; `description: null` clears. */
  update(id: string, patch: CharacterPatch): Character {
    const before = this.get(id) ?? missing(id);
    const name = patch.name === undefined ? before.name : nameOf(patch.name);
    const description = patch.description === undefined ? before.description : descriptionOf(patch.description);
    const triggerWord = patch.triggerWord === undefined ? before.triggerWord : patch.triggerWord.trim();
    if (triggerWord !== before.triggerWord) this.assertTrigger(triggerWord, id);
    this.guardTrigger(triggerWord, () =>
      this.db
        .query("update character set name = ?, description = ?, trigger_word = ?, updated_at = ? where id = ? and deleted_at is null")
        .run(name, description, triggerWord, new Date().toISOString(), id));
    return this.announced(id);
  }

  /** Refused while a job of this character, or one with a LoRA of it, runs or waits. All that belongs to it goes with it. */
  remove(id: string): void {
    const character = this.get(id) ?? missing(id);
    const kind = this.openJobOf(id);
    if (kind !== null) {
      const work = isJobKind(kind) ? jobKinds[kind].words.noun : "job";
      throw new AppError("conflict", `${character.name} cannot be deleted now.`, {
        why: `A ${work} of this character is running or waiting.`, fix: `Stop the ${work} first, then delete the character.`,
      });
    }
    this.db.query("update character set deleted_at = ? where id = ?").run(new Date().toISOString(), id);
    this.bus.publish({ type: "character.removed", characterId: id });
  }

  /** Brings back what was deleted and not erased yet, with all that belongs to it. */
  restore(id: string): Character {
    this.guardTrigger("its trigger word", () => this.db.query("update character set deleted_at = null where id = ?").run(id));
    return this.announced(id);
  }

  /** Oldest first, for the purge. */
  deletedBefore(time: string): string[] {
    const due = "select id from character where deleted_at is not null and deleted_at <= ? order by deleted_at limit 100";
    return this.db.query<{ id: string }, [string]>(due).all(time).map(({ id }) => id);
  }

  /** The last of a person, when nothing else names it any more. Answers how many rows. */
  erase(id: string): number {
    return this.db.query("delete from character where id = ? and deleted_at is not null").run(id).changes;
  }

  /** `exceptId`: the character that has the word already. An unusable word comes with a suggestion made from it. */
  checkTrigger(word: string, exceptId?: string): TriggerCheck {
    const trimmed = word.trim();
    const owner = this.ownerOf(trimmed);
    const taken = owner !== null && owner.id !== exceptId ? `“${trimmed}” is already the trigger word of ${owner.name}.` : "";
    const problem = triggerProblem(trimmed) || taken;
    return { ok: problem === "", problem, suggestion: problem === "" ? trimmed : this.suggestTrigger(trimmed) };
  }

  suggestTrigger(name: string): string {
    return suggestFrom(name, (word) => this.ownerOf(word) !== null);
  }

  /** Tells everyone that something which belongs to the character has changed. Silent for a deleted one. */
  announce(id: string): void {
    const character = this.get(id);
    if (character) this.bus.publish({ type: "character.changed", character });
  }

  private announced(id: string): Character {
    const character = this.get(id) ?? missing(id);
    this.bus.publish({ type: "character.changed", character });
    return character;
  }

  private openJobOf(id: string): string | null {
    const loras = this.db.query<{ id: string }, [string]>("select id from lora where character_id = ? and deleted_at is null").all(id);
    return this.deps.jobFacts.openKindOf(id, loras.map((lora) => lora.id));
  }

  private ownerOf(word: string): { id: string; name: string } | null {
    return this.db
      .query<{ id: string; name: string }, [string]>("select id, name from character where lower(trigger_word) = lower(?) and deleted_at is null")
      .get(word);
  }

  private assertTrigger(word: string, exceptId?: string): void {
    const check = this.checkTrigger(word, exceptId);
    if (check.ok) return;
    const code = triggerProblem(word) === "" ? "trigger_word_taken" : "invalid_input";
    throw new AppError(code, `The trigger word “${word.slice(0, 60)}” cannot be used.`, {
      why: check.problem,
      fix: `Choose another one, for example “${check.suggestion}”.`,
      fields: [{ path: "triggerWord", message: check.problem }],
    });
  }

  /** The index is the last word on uniqueness. */
  private guardTrigger(word: string, write: () => void): void {
    try {
      write();
    } catch (error) {
      if (error instanceof Error && error.message.includes("character_trigger")) {
        throw new AppError("trigger_word_taken", `The trigger word “${word}” is already in use.`, { cause: error });
      }
      throw error;
    }
  }
}

function missing(id: string): never {
  throw notFound("character", id);
}

function nameOf(text: string): string {
  const name = plainText(text);
  if (name !== "" && [...name].length <= 100) return name;
  const message = "A name has 1 to 100 visible characters.";
  throw new AppError("invalid_input", "The name cannot be used.", { why: message, fields: [{ path: "name", message }] });
}

function descriptionOf(text: string | null | undefined): string {
  return plainText(text ?? "", { lines: true });
}
