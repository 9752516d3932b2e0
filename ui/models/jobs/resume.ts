import type { Artifact, Job } from "../../../server/contract/job.ts";

export interface SafePoint {
  /** The step from which a retry goes on. */
  readonly step: number;
  readonly total: number;
  /** From there to the end, or null while the pace is not known. */
  readonly secondsLeft: number | null;
}

/** What of a training is saved, from its newest checkpoint; null when there is none. */
export function safePointOf(job: Job, checkpoints: readonly Artifact[]): SafePoint | null {
  const steps = checkpoints.filter((artifact) => artifact.kind === "checkpoint").map((artifact) => artifact.step ?? 0);
  const step = Math.max(0, ...steps);
  const total = job.progress?.totalSteps ?? 0;
  if (step === 0 || total <= step) return null;
  const pace = secondsPerStep(job);
  return { step, total, secondsLeft: pace === null ? null : pace * (total - step) };
}

/** From the speed that the tool told, else from the whole run. */
function secondsPerStep(job: Job): number | null {
  const told = /([\d.]+)\s*(it(?:er)?\/s|s(?:ec)?\/it)/.exec(job.progress?.speed ?? "");
  const value = Number(told?.[1]);
  if (told && value > 0) return told[2]!.startsWith("it") ? 1 / value : value;
  const done = job.progress?.step ?? 0;
  if (!job.startedAt || !job.finishedAt || done === 0) return null;
  return (Date.parse(job.finishedAt) - Date.parse(job.startedAt)) / 1000 / done;
}
