import { t } from "elysia";

/** Everything needed to make the same picture again; also written into the PNG under the text key `isengard`. */
export const OutputSettings = t.Object({
  v: t.Literal(1),
  job: t.String(),
  prompt: t.String(),
  model: t.String(),
  loras: t.Array(t.Object({ id: t.String(), name: t.String(), strength: t.Number() })),
  seed: t.Number(),
  steps: t.Number(),
  guidance: t.Union([t.Number(), t.Null()]),
  width: t.Number(),
  height: t.Number(),
  sampler: t.String(),
  scheduler: t.String(),
  backend: t.String(),
  /** Drawn by the simulator of fast-test. */
  simulated: t.Optional(t.Literal(true)),
});
export type OutputSettings = typeof OutputSettings.static;

export const Output = t.Object({
  id: t.String(),
  jobId: t.String(),
  index: t.Number(),
  characterId: t.Union([t.String(), t.Null()]),
  width: t.Number(),
  height: t.Number(),
  sizeBytes: t.Number(),
  settings: OutputSettings,
  /** Drawn by the simulator of fast-test. */
  simulated: t.Boolean(),
  url: t.String(),
  thumbnailUrl: t.String(),
  createdAt: t.String(),
});
export type Output = typeof Output.static;
