import { t } from "elysia";

export const Lora = t.Object({
  id: t.String(),
  characterId: t.String(),
  characterName: t.String(),
  version: t.Number(),
  /** For people: "Ada v3". */
  name: t.String(),
  triggerWord: t.String(),
  baseModel: t.String(),
  steps: t.Number(),
  rank: t.Union([t.Number(), t.Null()]),
  /** How many photos its training had; null where that is not known any more. */
  photoCount: t.Union([t.Number(), t.Null()]),
  sizeBytes: t.Number(),
  sha256: t.String(),
  /** Made by the simulator of fast-test: it shows nobody's face, and production does not take it. */
  simulated: t.Boolean(),
  /** Its file is not in the data folder: it was moved or removed outside of Isengard. */
  missing: t.Boolean(),
  jobId: t.Union([t.String(), t.Null()]),
  downloadUrl: t.String(),
  createdAt: t.String(),
});
export type Lora = typeof Lora.static;
