import type { Artifact } from "../../../server/contract/job.ts";

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

export interface Cell {
  readonly step: number;
  readonly promptIndex: number;
}

/** The next picture in a direction that exists, or null at the edge. Cells without a picture are stepped over. */
export function neighbour(table: SampleTable, cell: Cell, axis: "step" | "prompt", by: 1 | -1): Cell | null {
  const line = axis === "step" ? table.stepsOf(cell.promptIndex) : table.promptIndexes.filter((index) => table.at(cell.step, index) !== undefined);
  const next = line[line.indexOf(axis === "step" ? cell.step : cell.promptIndex) + by];
  if (next === undefined) return null;
  return axis === "step" ? { ...cell, step: next } : { ...cell, promptIndex: next };
}

export function nameOf(prompts: readonly string[], index: number): string {
  return prompts[index] || `Prompt ${index + 1}`;
}

export function stepWords(step: number): string {
  return step === 0 ? "Before training" : `Step ${step.toLocaleString("en")}`;
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
