import { describe, expect, test } from "bun:test";
import type { Artifact } from "../../../server/contract/job.ts";
import { checkpointsOf, nameOf, neighbour, putArtifact, stepWords, tableOfSamples } from "./samples.ts";

const artifact = (change: Partial<Artifact>): Artifact => ({
  id: "a", jobId: "job-1", kind: "sample", name: "x.jpg", step: 0, promptIndex: 0, simulated: false, sizeBytes: 1, createdAt: "", url: "/x", ...change,
});
const sample = (step: number, promptIndex: number) => artifact({ id: `s${step}-${promptIndex}`, step, promptIndex });

describe("test pictures as a table", () => {
  const table = tableOfSamples([sample(200, 1), sample(0, 0), sample(200, 0), sample(0, 1), sample(400, 0), artifact({ id: "c", kind: "checkpoint", step: 400 })]);

  test("has the steps and prompts in order, and nothing but samples", () => {
    expect(table.steps).toEqual([0, 200, 400]);
    expect(table.promptIndexes).toEqual([0, 1]);
    expect(table.at(400, 0)?.id).toBe("s400-0");
    expect(table.stepsOf(1)).toEqual([0, 200]);
  });

  test("going through it steps over missing pictures and ends at the edges", () => {
    expect(neighbour(table, { step: 200, promptIndex: 0 }, "step", 1)).toEqual({ step: 400, promptIndex: 0 });
    expect(neighbour(table, { step: 200, promptIndex: 1 }, "step", 1)).toBeNull();
    expect(neighbour(table, { step: 400, promptIndex: 0 }, "prompt", 1)).toBeNull();
    expect(neighbour(table, { step: 0, promptIndex: 1 }, "prompt", -1)).toEqual({ step: 0, promptIndex: 0 });
  });

  test("names prompts by their text, or by number while it is unknown", () => {
    expect(nameOf(["photo of ada"], 0)).toBe("photo of ada");
    expect(nameOf([], 1)).toBe("Prompt 2");
    expect(stepWords(0)).toBe("Before training");
    expect(stepWords(1200)).toBe("Step 1,200");
  });
});

test("an artifact that is told twice is one artifact", () => {
  const once = putArtifact([], sample(0, 0));
  expect(putArtifact(once, sample(0, 0))).toHaveLength(1);
});

test("saved states stand newest first, the finished LoRA before all", () => {
  const found = checkpointsOf([
    artifact({ id: "c200", kind: "checkpoint", step: 200 }), sample(0, 0),
    artifact({ id: "lora", kind: "lora", step: null }), artifact({ id: "c400", kind: "checkpoint", step: 400 }),
  ]);
  expect(found.map(({ id }) => id)).toEqual(["lora", "c400", "c200"]);
});
