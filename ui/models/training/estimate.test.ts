import { describe, expect, test } from "bun:test";
import type { Job } from "../../../server/contract/job.ts";
import { testJob } from "../../testing/app.ts";
import { estimateText, paceOf, photoAdvice, reviewSentence } from "./estimate.ts";

const run = (seconds: number, totalSteps: number, preset: string, change: Partial<Job> = {}): Job =>
  testJob({
    state: "succeeded", request: { preset }, startedAt: "2026-11-21T10:00:00.000Z",
    finishedAt: new Date(Date.parse("2026-11-21T10:00:00.000Z") + seconds * 1000).toISOString(),
    progress: { stages: [], step: totalSteps, totalSteps, fraction: 1, etaSeconds: 0, speed: "", loss: null, learningRate: null, message: "", updatedAt: "" },
    ...change,
  });

describe("the time of a training", () => {
  test("is not known before the first finished run on this machine", () => {
    expect(paceOf([run(10, 10, "quick", { state: "failed" }), run(10, 10, "quick", { kind: "generation" })], "quick")).toBeNull();
    expect(estimateText(null, 1500)).toBe("time not known yet");
    expect(estimateText({ secondsPerStep: 1, runs: 1 }, null)).toBe("time not known yet");
  });

  test("comes from runs of the same preset where there are any", () => {
    const jobs = [run(3000, 1000, "high"), run(1000, 1000, "quick")];
    expect(paceOf(jobs, "quick")).toEqual({ secondsPerStep: 1, runs: 1 });
    expect(paceOf(jobs, "high")).toEqual({ secondsPerStep: 3, runs: 1 });
    expect(paceOf(jobs, "balanced")?.runs).toBe(2);
    expect(estimateText({ secondsPerStep: 1, runs: 1 }, 1500)).toBe("about 25 min");
  });

  test("one slow run among the newest does not move it", () => {
    expect(paceOf([run(1000, 1000, "quick"), run(9000, 1000, "quick"), run(1100, 1000, "quick")], "quick")?.secondsPerStep).toBe(1.1);
  });
});

describe("the review sentence", () => {
  const facts = { character: "Ada", photos: 14, baseModel: "FLUX.1-dev", steps: 1500, sampleEvery: 200, pace: { secondsPerStep: 1, runs: 2 } };

  test("says all that Start will do", () => {
    expect(reviewSentence(facts)).toBe("Train Ada on 14 photos with FLUX.1-dev, 1,500 steps, test pictures every 200 steps, about 25 min.");
  });

  test("is honest about an unknown time and counts one photo as one", () => {
    expect(reviewSentence({ ...facts, photos: 1, pace: null, sampleEvery: null })).toBe(
      "Train Ada on 1 photo with FLUX.1-dev, 1,500 steps. The time is not known before the first run on this machine.",
    );
  });
});

test("photos: none, too few, enough and good are told apart", () => {
  expect(photoAdvice(0, 5)).toEqual({ tone: "bad", text: "No photos yet" });
  expect(photoAdvice(3, 5)).toEqual({ tone: "bad", text: "2 more needed" });
  expect(photoAdvice(7, 5).tone).toBe("warn");
  expect(photoAdvice(10, 5)).toEqual({ tone: "ok", text: "Ready to train" });
});
