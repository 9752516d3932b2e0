/** What the library has to know of jobs; who keeps their tables answers it (`server/jobs/store/facts.ts`). */
export interface JobFacts {
  /** Whether a list could show it. */
  exists(jobId: string): boolean;
  /** 1: made in fast-test, 0: in production; null: from before this was written down, or no such job. */
  simulated(jobId: string): number | null;
  /** Photos that a training was begun with; null where that cannot be told. */
  photoCount(jobId: string): number | null;
  /** For each character that is being trained or waits for it: its training. */
  openTrainings(): ReadonlyMap<string, string>;
  openTrainingOf(characterId: string): string | null;
  /** The kind of an open job of this character, or of one that was asked for with one of these LoRAs. */
  openKindOf(characterId: string, loraIds: readonly string[]): string | null;
  /** Whether an open job was asked for with this LoRA. */
  usesLora(loraId: string): boolean;
}
