import type { Artifact } from "../../server/contract/job.ts";

/** Test pictures of a run as a table: one row per step, one column per prompt. */
export interface SampleTable {
  /** Ascending. */
  readonly steps: readonly number[];
  readonly promptIndexes: readonly number[];
  at(step: number, promptIndex: number): Artifact | undefined;
  /** Steps that have a picture for this prompt, ascending. */
  stepsOf(promptIndex: number): readonly number[];
}

export function tableOfSamples(artifacts: readonly Artifact[]): SampleTable {
  const cells = new Map<string, Artifact>();
  for (const artifact of artifacts) {
    if (artifact.kind === "sample" && artifact.step !== null) cells.set(`${artifact.step} ${artifact.promptIndex ?? 0}`, artifact);
  }
  const all = [...cells.values()];
  const steps = ascending(all.map((artifact) => artifact.step ?? 0));
  const at = (step: number, promptIndex: number) => cells.get(`${step} ${promptIndex}`);
  return {
    steps,
    promptIndexes: ascending(all.map((artifact) => artifact.promptIndex ?? 0)),
    at,
    stepsOf: (promptIndex) => steps.filter((step) => at(step, promptIndex) !== undefined),
  };
}

function ascending(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].toSorted((a, b) => a - b);
}

/** Saved states, newest first; the finished LoRA stands before all. */
export function checkpointsOf(artifacts: readonly Artifact[]): readonly Artifact[] {
  return artifacts
    .filter((artifact) => artifact.kind === "checkpoint" || artifact.kind === "lora")
    .toSorted((a, b) => (a.kind === b.kind ? (b.step ?? 0) - (a.step ?? 0) : a.kind === "lora" ? -1 : 1));
}

/** An artifact that is told twice, by the list and by an event, is one artifact. */
export function putArtifact(artifacts: readonly Artifact[], artifact: Artifact): readonly Artifact[] {
  return [...artifacts.filter((other) => other.id !== artifact.id), artifact];
}
