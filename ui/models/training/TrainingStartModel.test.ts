import { afterEach, describe, expect, test } from "bun:test";
import type { TrainingRequest } from "../../../server/contract/job.ts";
import { waitFor } from "../../../server/testing/wait.ts";
import { createTestApp, emptyServer, testBoot, testCharacter, testJob, type TestApp } from "../../testing/app.ts";
import { testPresets, testTraining } from "../../testing/engines.ts";
import { createTrainingStartModel } from "./TrainingStartModel.ts";
import { fillTrigger } from "./training-prompts.ts";

let open: TestApp;
let sent: TrainingRequest | null = null;
afterEach(() => {
  open.dispose();
  sent = null;
});

async function start(characterId: string | null = "chr-1", photoCount = 14) {
  open = createTestApp((method, path, body) => {
    if (path.startsWith("/api/training/presets")) return { presets: testPresets };
    if (path.startsWith("/api/training?")) return { jobs: [] };
    if (method === "POST" && path === "/api/training") {
      sent = body as TrainingRequest;
      return testJob({ id: "job-new" });
    }
    return emptyServer(method, path);
  }, { info: { ...testBoot().info, training: testTraining }, characters: [testCharacter({ photoCount })] });
  const model = createTrainingStartModel(open.app, characterId);
  if (characterId !== null) await waitFor("the presets are there", () => model.presets.data.value);
  return model;
}

describe("starting a training", () => {
  test("Balanced is chosen, and its values are those of the review", async () => {
    const model = await start();
    expect(model.preset.value?.id).toBe("balanced");
    expect(model.valueOf("steps")).toBe(1500);
    expect(model.review()).toContain("Train Ada on 14 photos with FLUX.1-dev, 1,500 steps, test pictures every 200 steps");
  });

  test("sends only what was changed; what is shown is what is used", async () => {
    const model = await start();
    await model.start();
    expect(sent).toEqual({ characterId: "chr-1", preset: "balanced" });
    model.values.value = { steps: 2000 };
    expect(model.review()).toContain("2,000 steps");
    await model.start();
    expect(sent).toEqual({ characterId: "chr-1", preset: "balanced", values: { steps: 2000 } });
    expect(open.app.jobs.byId("job-new")).toBeDefined();
  });

  test("changes stay over a change of preset, and one that equals the preset is no change", async () => {
    const model = await start();
    model.values.value = { steps: 800, samplePrompts: ["mine"] };
    model.presetId.value = "quick";
    expect(model.valueOf("samplePrompts")).toEqual(["mine"]);
    expect(model.changed.value).toEqual(["samplePrompts"]);
  });

  test("takes over the settings of another run", async () => {
    const model = await start();
    model.repeat(testJob({ request: { characterId: "chr-1", preset: "quick", values: { steps: 900 } } }));
    expect(model.presetId.value).toBe("quick");
    expect(model.valueOf("steps")).toBe(900);
  });

  test("says what stands in the way and where to put it right", async () => {
    const few = await start("chr-1", 3);
    expect(few.obstacles("")).toEqual([{ text: "Ada has 3 of at least 5 photos.", link: { href: "/characters/chr-1", label: "Add photos" } }]);
    open.dispose();
    const nobody = await start(null);
    expect(nobody.obstacles("Correct it.").map(({ text }) => text)).toEqual(["Choose who to train.", "Correct it."]);
  });

  test("a refusal is kept to be shown, and nothing is started", async () => {
    const model = await start();
    open.app.api.post = () => Promise.reject(new Error("no"));
    expect(await model.start()).toBeNull();
    expect(model.error.value?.why).toBe("no");
  });
});

test("the trigger word is filled in where the prompt leaves a place for it", () => {
  expect(fillTrigger("photo of {trigger}", "adalov7")).toEqual({ text: "photo of adalov7", hasTrigger: true });
  expect(fillTrigger("front view, strong", "ron").hasTrigger).toBe(false);
  expect(fillTrigger("photo of [trigger]", "adalov7")).toEqual({ text: "photo of adalov7", hasTrigger: true });
  expect(fillTrigger("a landscape", "adalov7").hasTrigger).toBe(false);
});
