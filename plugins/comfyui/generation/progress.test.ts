import { describe, expect, test } from "bun:test";
import { imageCapabilities } from "../capabilities.ts";
import type { ComfyEvent } from "../protocol/events.ts";
import { parseTextFrame, parseBinaryFrame } from "../protocol/events.ts";
import { readRecording } from "../fixtures/recording.ts";
import type { Graph } from "../protocol/prompt-graph.ts";
import { recordOf } from "../protocol/json.ts";
import { GenerationProgress } from "./progress.ts";
import type { ImageHost, ImageJob } from "../../interfaces/image.ts";

type Update = Parameters<ImageHost["progress"]>[0];

const job: ImageJob = { prompt: "p", model: "flux-dev", loras: [], seeds: [1, 2], width: 512, height: 512, steps: 6, guidance: 3.5 };

function watched(stored: number): { updates: Update[]; progress: GenerationProgress } {
  const updates: Update[] = [];
  const host = { progress: (update: Update) => void updates.push(update), hasOutput: (index: number) => index < stored };
  return { updates, progress: new GenerationProgress(job, host as unknown as ImageHost) };
}

describe("progress from the recorded events of a picture with six steps", () => {
  const lines = readRecording("0.33.0", "flux-with-lora-and-previews");
  const graph = recordOf(recordOf(lines.find(({ path }) => path === "/prompt")?.json)["prompt"]) as Graph;
  const events: ComfyEvent[] = lines.filter(({ kind }) => kind === "ws-in").map(({ json, bytes }) => bytes ? parseBinaryFrame(bytes) : parseTextFrame(JSON.stringify(json)));

  test("loading, sampling and saving follow each other, and each step is told once", () => {
    const { updates, progress } = watched(0);
    progress.starting();
    progress.picture(0, graph);
    for (const event of events) progress.apply(event);
    progress.stored();
    const active = updates.map(({ stages }) => stages.find(({ state }) => state === "active")?.id ?? "none");
    expect(active.filter((id, index) => id !== active[index - 1])).toEqual(["start", "load", "sample", "save"]);
    expect(updates.map(({ step }) => step)).toEqual([0, 0, 1, 2, 3, 4, 5, 6, 6, 6]);
    expect(updates.at(-1)).toMatchObject({ fraction: 0.5, totalSteps: 12, step: 6 });
  });

  test("pictures of an earlier call count from the start", () => {
    const { updates, progress } = watched(1);
    progress.starting();
    expect(updates[0]).toMatchObject({ step: 6, totalSteps: 12, fraction: 0.5 });
  });
});

describe("capabilities", () => {
  const capabilities = imageCapabilities("0.33.0");

  test("there are seven aspect ratios of about a megapixel in sizes that FLUX does not cut", () => {
    expect(capabilities.aspectRatios).toHaveLength(7);
    for (const { width, height } of capabilities.aspectRatios) {
      expect([width % 16, height % 16]).toEqual([0, 0]);
      expect(Math.abs(width * height / 1024 ** 2 - 1)).toBeLessThan(0.06);
    }
  });

  test("what is not supported says why", () => {
    for (const row of [...capabilities.features, ...capabilities.parameters].filter(({ supported }) => !supported)) expect(row.reason).toMatch(/\.$/);
    expect(capabilities.models.map(({ id, defaultSteps, defaultGuidance }) => [id, defaultSteps, defaultGuidance])).toEqual([["flux-dev", 20, 3.5], ["flux-schnell", 4, null]]);
  });
});
