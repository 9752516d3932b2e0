import type { Stage } from "../../../server/contract/job.ts";

/** In the order in which a training passes them. */
const stageOrder = ["start", "download", "model", "dataset", "latents", "baseline", "train", "save", "final"] as const;
export type StageId = (typeof stageOrder)[number];

const labels: Readonly<Record<StageId, string>> = {
  start: "Starting AI-Toolkit",
  download: "Downloading the model",
  model: "Loading the model",
  dataset: "Reading the photos",
  latents: "Preparing the photos",
  baseline: "First samples",
  train: "Training",
  save: "Saving the LoRA",
  final: "Last samples",
};

/** Stages that a training may pass without: no download when the model is there, no first samples after a resume. */
const optional: ReadonlySet<StageId> = new Set(["download", "baseline"]);

/** Where a training is. It only ever moves forward; stages that were not seen on the way count as skipped or done. */
export class StageList {
  #at = 0;
  readonly #seen = new Set<StageId>();
  readonly #fraction = new Map<StageId, number>();
  readonly #detail = new Map<StageId, string>();

  get current(): StageId {
    return stageOrder[Math.min(this.#at, stageOrder.length - 1)]!;
  }

  reached(id: StageId): boolean {
    return this.#at >= stageOrder.indexOf(id);
  }

  enter(id: StageId): void {
    this.#seen.add(id);
    this.#at = Math.max(this.#at, stageOrder.indexOf(id));
  }

  /** A real number from the tool, 0…1; it never falls. */
  fraction(id: StageId, value: number): void {
    if (!Number.isFinite(value)) return;
    this.#fraction.set(id, Math.max(this.#fraction.get(id) ?? 0, Math.min(1, Math.max(0, value))));
  }

  detail(id: StageId, text: string): void {
    this.#detail.set(id, text);
  }

  label(): string {
    return labels[this.current];
  }

  list(): Stage[] {
    return stageOrder.map((id, index) => {
      const state = this.#state(id, index);
      const fraction = state === "done" ? 1 : state === "active" ? (this.#fraction.get(id) ?? null) : null;
      return { id, label: labels[id], state, fraction, detail: this.#detail.get(id) ?? "" };
    });
  }

  /** The download happens while the model loads, so the two may be active together. */
  #state(id: StageId, index: number): Stage["state"] {
    if (id === "download" && this.current === "model") {
      if (!this.#seen.has(id)) return "waiting";
      return (this.#fraction.get(id) ?? 0) < 1 ? "active" : "done";
    }
    if (index < this.#at) return optional.has(id) && !this.#seen.has(id) ? "skipped" : "done";
    return index === this.#at ? "active" : "waiting";
  }

  /** After a success nothing is left waiting. */
  finish(): void {
    this.#at = stageOrder.length;
  }
}
