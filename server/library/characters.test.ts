import { afterEach, beforeEach, expect, test } from "bun:test";
import { AppError } from "../base/errors.ts";
import { openLibrary, plantJob, type TestLibrary } from "../testing/library.ts";

let library: TestLibrary;
beforeEach(() => { library = openLibrary(); });
afterEach(() => library.close());

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return "none";
};

test("a character gets a trigger word from its name and is told to everyone", () => {
  const ada = library.characters.create({ name: "  Ada\u0000 Lovelace ", description: null });
  expect(ada).toMatchObject({ name: "Ada  Lovelace", description: "", photoCount: 0, coverPhotoId: null, activeJobId: null });
  expect(ada.triggerWord).toMatch(/^adalov\d$/);
  expect(library.events).toEqual([{ type: "character.changed", character: ada }]);
  expect(library.characters.list()).toEqual([ada]);
});

test("a trigger word belongs to one character, whatever its case, until that one is deleted", () => {
  const ada = library.characters.create({ name: "Ada", triggerWord: "adax7" });
  expect(codeOf(() => library.characters.create({ name: "Eva", triggerWord: "ADAX7" }))).toBe("trigger_word_taken");
  expect(library.characters.checkTrigger("AdaX7")).toMatchObject({ ok: false, problem: expect.stringContaining("Ada") });
  expect(library.characters.checkTrigger("AdaX7", ada.id).ok).toBe(true);
  expect(library.characters.checkTrigger(library.characters.checkTrigger("adax7").suggestion).ok).toBe(true);
  library.characters.remove(ada.id);
  expect(library.characters.create({ name: "Eva", triggerWord: "ADAX7" }).triggerWord).toBe("ADAX7");
});

test("a change keeps what is absent and null clears", () => {
  const { id } = library.characters.create({ name: "Ada", description: "first\nsecond", triggerWord: "adax7" });
  expect(library.characters.update(id, { name: "Ada L." })).toMatchObject({ name: "Ada L.", description: "first\nsecond", triggerWord: "adax7" });
  expect(library.characters.update(id, { description: null })).toMatchObject({ name: "Ada L.", description: "" });
  expect(library.characters.update(id, { triggerWord: "AdaX7" }).triggerWord).toBe("AdaX7");
  expect(codeOf(() => library.characters.update(id, { triggerWord: "woman" }))).toBe("invalid_input");
  expect(codeOf(() => library.characters.update(id, { name: " \u0007 " }))).toBe("invalid_input");
  expect(codeOf(() => library.characters.update("chr-none", { name: "x" }))).toBe("not_found");
});

test("F70: an active training is shown; what runs or waits for a person forbids deleting, what has ended does not", () => {
  const { id } = library.characters.create({ name: "Ada" });
  const jobId = plantJob(library, { kind: "training", characterId: id });
  const pictures = plantJob(library, { kind: "generation", characterId: id });
  expect(library.characters.get(id)!.activeJobId).toBe(jobId);
  expect(codeOf(() => library.characters.remove(id))).toBe("conflict");
  const end = library.db.query("update job set state = 'cancelled', finished_at = 'now' where id = ?");
  end.run(jobId);
  expect(codeOf(() => library.characters.remove(id))).toBe("conflict");
  end.run(pictures);
  library.characters.remove(id);
  expect(library.characters.get(id)).toBeNull();
  expect(library.characters.list()).toEqual([]);
  expect(library.events.at(-1)).toEqual({ type: "character.removed", characterId: id });
});

test("hostile text is only text", () => {
  const name = "'); drop table character; --<img src=x onerror=alert(1)>";
  const ada = library.characters.create({ name, description: "\ud800 lone", triggerWord: "adax7" });
  expect(library.characters.get(ada.id)).toMatchObject({ name, description: "\ufffd lone" });
  expect(library.characters.get("' or 1=1 --")).toBeNull();
});
