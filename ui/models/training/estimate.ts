import type { Job } from "../../../server/contract/job.ts";
import { formatDuration } from "../../format.ts";
import { attemptSeconds } from "../jobs/JobsModel.ts";

/** How long a step took on this machine, from runs that were finished here; null before the first one. */
export interface Pace {
  readonly secondsPerStep: number;
  readonly runs: number;
}

/** Older runs say little: the machine or the versions may have changed since. */
const runsCounted = 5;

/** Runs of the same preset count alone where there are any, since pictures of another size take another time. */
export function paceOf(jobs: readonly Job[], preset: string): Pace | null {
  const finished = jobs
    .filter((job) => job.kind === "training" && job.state === "succeeded" && job.startedAt && job.finishedAt && (job.progress?.totalSteps ?? 0) > 0)
    // A run that went on from a checkpoint made only a part of its steps in the time that is known.
    .filter((job) => job.attempt <= 1)
    .toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  const same = finished.filter((job) => job.request["preset"] === preset);
  const counted = (same.length > 0 ? same : finished).slice(0, runsCounted);
  if (counted.length === 0) return null;
  const paces = counted.map((job) => secondsOf(job) / job.progress!.totalSteps).toSorted((a, b) => a - b);
  return { secondsPerStep: paces[Math.floor(paces.length / 2)]!, runs: counted.length };
}

function secondsOf(job: Job): number {
  return attemptSeconds(job, 0) ?? 0;
}

/** "about 26 min", or the honest answer before the first run. */
export function estimateText(pace: Pace | null, steps: number | null): string {
  if (pace === null || steps === null) return "time not known yet";
  return `about ${formatDuration(pace.secondsPerStep * steps)}`;
}

export interface ReviewFacts {
  readonly character: string;
  readonly photos: number;
  readonly baseModel: string | null;
  readonly steps: number | null;
  readonly sampleEvery: number | null;
  readonly pace: Pace | null;
}

/** What Start will do, in one sentence. */
export function reviewSentence(facts: ReviewFacts): string {
  const photos = `${facts.photos} ${facts.photos === 1 ? "photo" : "photos"}`;
  const steps = facts.steps === null ? "" : `, ${facts.steps.toLocaleString("en")} steps`;
  const time = facts.pace === null ? ". The time is not known before the first run on this machine" : `, ${estimateText(facts.pace, facts.steps)}`;
  const pictures = facts.sampleEvery ? `, test pictures every ${facts.sampleEvery.toLocaleString("en")} steps` : "";
  return `Train ${facts.character} on ${photos}${facts.baseModel ? ` with ${facts.baseModel}` : ""}${steps}${pictures}${time}.`;
}

export type PhotoAdvice = { readonly tone: "ok" | "warn" | "bad"; readonly text: string };

const adviceFrom = 10;
const adviceTo = 20;

/** Whether there are enough photos, and what would be better. */
export function photoAdvice(photoCount: number, minPhotos: number): PhotoAdvice {
  if (photoCount === 0) return { tone: "bad", text: "No photos yet" };
  if (photoCount < minPhotos) return { tone: "bad", text: `${minPhotos - photoCount} more needed` };
  if (photoCount < adviceFrom) return { tone: "warn", text: `Enough to train; ${adviceFrom} to ${adviceTo} give a better likeness` };
  return { tone: "ok", text: "Ready to train" };
}
