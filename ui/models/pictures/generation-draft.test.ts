import { describe, expect, test } from "bun:test";
import { testImage, testLora, testOutput } from "../../testing/engines.ts";
import { absentOf, buildRequest, draftKey, draftOf, emptyDraft, hasForeignSigns, parametersOf, readDraft, triggersOf, type Draft } from "./generation-draft.ts";

const draft = (change: Partial<Draft>): Draft => ({ ...emptyDraft, ...change });
const loras = [testLora(), testLora({ id: "lora-2", name: "Ada v2", version: 2 })];

describe("the request for pictures", () => {
  test("is exactly what the form shows, with the model's own values", () => {
    expect(buildRequest(draft({ prompt: "  in a park " }), testImage, loras)).toEqual({
      prompt: "in a park", count: 4, seed: null, addTrigger: true, aspectRatio: "1:1", model: "flux-dev", steps: 20, guidance: 3.5,
    });
  });

  test("takes the LoRAs with their strength and the character of the first", () => {
    const request = buildRequest(draft({ prompt: "x", loras: [{ id: "lora-2", strength: 0.7 }], aspectRatio: "9:16", seed: 7, count: 1 }), testImage, loras);
    expect(request).toMatchObject({ loras: [{ id: "lora-2", strength: 0.7 }], characterId: "chr-1", aspectRatio: "9:16", seed: 7, count: 1 });
  });

  test("leaves out a LoRA that was deleted meanwhile", () => {
    expect(buildRequest(draft({ prompt: "x", loras: [{ id: "gone", strength: 1 }] }), testImage, loras).loras).toBeUndefined();
  });

  test("sends no guidance to a model that has none", () => {
    const request = buildRequest(draft({ prompt: "x", model: "flux-schnell", guidance: 5 }), testImage, loras);
    expect(request).toMatchObject({ model: "flux-schnell", steps: 4 });
    expect("guidance" in request).toBe(false);
  });
});

describe("using the settings of a picture", () => {
  test("gives the request that makes the same picture", () => {
    const request = buildRequest(draftOf(testOutput(1).settings, testImage, loras), testImage, loras);
    expect(request).toEqual({
      prompt: "adalov7 in a park", count: 1, seed: 42, addTrigger: true, loras: [{ id: "lora-1", strength: 0.8 }], characterId: "chr-1",
      aspectRatio: "9:16", model: "flux-dev", steps: 25, guidance: 3,
    });
  });

  test("does not add a trigger word that the picture was made without", () => {
    expect(draftOf({ ...testOutput(1).settings, prompt: "somebody in a park" }, testImage, loras).addTrigger).toBe(false);
  });
});

describe("the trigger word", () => {
  test("is known from the LoRA, once, and whether it was typed", () => {
    const chosen = [{ id: "lora-1", strength: 1 }, { id: "lora-2", strength: 1 }];
    expect(triggersOf(draft({ prompt: "a park", loras: chosen }), loras)).toEqual([{ word: "adalov7", typed: false }]);
    expect(triggersOf(draft({ prompt: "AdaLov7 in a park", loras: chosen }), loras)).toEqual([{ word: "adalov7", typed: true }]);
  });
});

describe("what a model can do", () => {
  test("its steps have its own limits", () => {
    expect(parametersOf(draft({ model: "flux-schnell" }), testImage).map(({ name, default: standard, max }) => [name, standard, max])).toEqual([["steps", 4, 12]]);
    expect(parametersOf(draft({}), testImage).map(({ name }) => name)).toEqual(["steps", "guidance"]);
  });

  test("what it cannot do is listed with the reason", () => {
    expect(absentOf(draft({}), testImage).map(({ id, reason }) => [id, reason])).toEqual([["upscale", "Not built yet."], ["negativePrompt", "FLUX.1 has none."]]);
    expect(absentOf(draft({ model: "flux-schnell" }), testImage)[0]).toMatchObject({ id: "guidance" });
  });
});

describe("the saved form", () => {
  test("comes back after a reload, also when an older version wrote it", () => {
    localStorage.setItem(draftKey, JSON.stringify({ prompt: "kept" }));
    expect(readDraft(localStorage)).toEqual({ ...emptyDraft, prompt: "kept" });
  });

  test.each(["", "{", "null", "7"])("is empty when the text is damaged: %s", (text) => {
    localStorage.setItem(draftKey, text);
    expect(readDraft(localStorage)).toEqual(emptyDraft);
  });
});

test("signs that mean something to other programs are known, and what a person writes is not", () => {
  for (const prompt of ["a (red) cat", "a cat (red:1.3)", "embedding:easynegative", "a cat <lora:ada:0.8>", "<LyCo:x:1>"]) expect(hasForeignSigns(prompt), prompt).toBe(true);
  for (const prompt of ["", "a red cat, 3:4", "a smile :)", "a cat < a dog", "word embeddings: a chart", "lora of the desert"]) expect(hasForeignSigns(prompt), prompt).toBe(false);
});
