import { t, type Elysia } from "elysia";
import { ChangedCharacter, Character, CharacterPatch, NewCharacter, TriggerCheck } from "../contract/character.ts";
import { notFound } from "../base/errors.ts";
import type { Bus } from "../events/bus.ts";
import type { Characters } from "../library/characters.ts";
import type { Loras } from "../library/loras.ts";
import { gives } from "./openapi/gives.ts";
import { takes } from "./input/takes.ts";
import { renaming } from "./v0/renaming.ts";
import { empty } from "./openapi/answers.ts";
import { IdParams } from "./http/params.ts";

const old = renaming({ trigger_word: "triggerWord" });
const TriggerQuery = t.Object({
  word: t.Optional(t.String({ maxLength: 200 })),
  /** A word for this name is suggested where no word is given. */
  name: t.Optional(t.String({ maxLength: 200 })),
  except: t.Optional(t.String({ maxLength: 64 })),
});

export function charactersApi({ characters, loras, bus }: { characters: Characters; loras: Loras; bus: Bus }) {
  const listed = listCache(characters, bus);
  return (http: Elysia) => http
    .get("/api/characters", () => new Response(listed(), { headers: jsonHeaders }), { ...takes({}), ...gives({ 200: t.Array(Character) }), detail: { summary: "List characters", tags: ["characters"] } })
    .post("/api/characters", ({ body, set }) => {
      set.status = 201;
      return characters.create(body);
    }, { ...takes({ body: NewCharacter, old }), ...gives({ 201: Character }), detail: { summary: "Create a character", tags: ["characters"] } })
    .get("/api/characters/:id", ({ params }) => {
      const character = characters.get(params.id);
      if (character === null) throw notFound("character", params.id);
      return character;
    }, { ...takes({ params: IdParams }), ...gives({ 200: Character }), detail: { summary: "Get a character", tags: ["characters"] } })
    .patch("/api/characters/:id", ({ params, body }) => {
      const before = characters.get(params.id);
      const character = characters.update(params.id, body);
      return { ...character, warnings: before === null ? [] : warningsOf(before, character) };
    }, {
      ...takes({ params: IdParams, body: CharacterPatch, old }), ...gives({ 200: ChangedCharacter }),
      detail: { summary: "Change a character; null clears, what is absent stays", tags: ["characters"] },
    })
    .delete("/api/characters/:id", ({ params, set }) => {
      characters.remove(params.id);
      set.status = 204;
    }, { ...takes({ params: IdParams }), detail: { summary: "Delete a character", tags: ["characters"], ...empty("It is deleted") } })
    .post("/api/characters/:id/restore", ({ params }) => {
      const character = characters.restore(params.id);
      loras.announceOf(params.id);
      return character;
    }, {
      ...takes({ params: IdParams }), ...gives({ 200: Character }), detail: { summary: "Bring back a character that was just deleted", tags: ["characters"] },
    })
    .get("/api/trigger-check", ({ query }) => {
      if (query.word !== undefined) return characters.checkTrigger(query.word, query.except);
      return { ok: true, problem: "", suggestion: characters.suggestTrigger(query.name ?? "") };
    }, { ...takes({ query: TriggerQuery }), ...gives({ 200: TriggerCheck }), detail: { summary: "Check or suggest a trigger word", tags: ["characters"] } });
}

/** LoRAs answer to the word that they were trained with, so a new word is not theirs. */
function warningsOf(before: Character, { triggerWord, loraCount }: Character): string[] {
  if (triggerWord === before.triggerWord || loraCount === 0) return [];
  const trained = loraCount === 1 ? "The LoRA that is trained keeps its own word" : `The ${loraCount} LoRAs that are trained keep their own words`;
  return [`${trained}; only new trainings learn “${triggerWord}”.`];
}

const jsonHeaders = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" };

/** Events after which the list may look different. */
const listEvents: ReadonlySet<string> = new Set([
  "character.changed", "character.removed", "photos.changed", "lora.added", "lora.removed", "job.changed", "job.removed",
]);

/** The list is asked for by every page, so its text is kept until something in it changes. */
function listCache(characters: Characters, bus: Bus): () => string {
  let text: string | null = null;
  bus.subscribe(({ event }) => {
    if (listEvents.has(event.type)) text = null;
  });
  return () => (text ??= JSON.stringify(characters.list()));
}
