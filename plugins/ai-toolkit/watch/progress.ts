import type { JobProgress } from "../../../server/contract/job.ts";
import { type Bar, parseBar } from "./bars.ts";
import type { ControlState } from "../start/control-db.ts";
import { StageList, type StageId } from "./stages.ts";

export type ProgressUpdate = Omit<JobProgress, "updatedAt" | "etaSeconds">;

export interface ProgressPlan {
  readonly jobName: string;
  readonly totalSteps: number;
  /** How often photos are prepared: once for each size, twice with captions cached. */
  readonly preparations: number;
}

/** Steps after which the bar's speed is a mean and not the luck of one step. */
const speedAfterSteps = 3;
/** The bar shows the loss with this many digits; the loss log has all of them, and both are one number to a reader. */
const lossDigits = 4;

const skippedBatch = /OOM during training step, skipping batch/;
const samplesLabel = /Generating (?:Images|Samples)/;
const samplesInfo = /^Generating images - \d+\/\d+/;

/** Markers of the program's text, matched anywhere because text is often glued behind a bar. */
const markers: ReadonlyArray<readonly [RegExp, StageId]> = [
  [/Loading (?:\w+ ){0,3}model\b|Loading (?:transformer|VAE|T5|CLIP|weights|text encoder|pipeline|checkpoint)/i, "model"],
  [/Quantizing |Making pipe|Preparing Model|create LoRA/, "model"],
  [/^Dataset: /, "dataset"],
  [/Caching latents|Caching text[_ ]embeddings/, "latents"],
  [/Generating baseline samples before training/, "baseline"],
];

/**
 * Turns output lines, the control database and the loss database into one progress. Steps, stages and fractions never
 * go back, whichever source is behind; feeding the same output again gives the same state.
 */
export class ProgressTracker {
  readonly #plan: ProgressPlan;
  readonly #stages = new StageList();
  readonly #downloads = new Map<string, { done: number; total: number }>();
  #preparation = 0;
  #skipped = 0;
  #step = 0;
  #speed = "";
  #loss: number | null = null;
  #learningRate: number | null = null;
  #rateIsLogged = false;
  #firstBarStep: number | null = null;
  /** Sample pictures that are finished, of the set that is being made. */
  #pictures: { done: number; total: number } | null = null;
  #now = "";

  /** `startStep`: what is saved of an earlier attempt; this one goes on from there. */
  constructor(plan: ProgressPlan, startStep = 0) {
    this.#plan = plan;
    this.#reach(startStep);
  }

  /** Steps that AI-Toolkit left out because they did not fit into the GPU's memory. */
  get skipped(): number {
    return this.#skipped;
  }

  get stage(): StageId {
    return this.#stages.current;
  }

  /** While a model is downloaded, how much of it there is, in words; else null. */
  get downloaded(): string | null {
    const stage = this.#stages.list().find(({ id }) => id === "download");
    return stage?.state === "active" ? `${gigabytes(this.#bytes().done)} of ${gigabytes(this.#bytes().total)}` : null;
  }

  /** One piece of plain text, without the printed job file. */
  text(text: string): void {
    const bar = parseBar(text);
    if (bar !== null) this.#bar(bar);
    if (skippedBatch.test(text)) this.#skipped++;
    for (const [pattern, stage] of markers) if (pattern.test(text)) this.#stages.enter(stage);
    if (/Caching latents for|Caching text_embeddings for/.test(text)) this.#preparation++;
    const found = /Found (\d+) images/.exec(text)?.[1];
    if (found !== undefined) this.#stages.detail("dataset", `${found} photos`);
    const resumed = /Found step (\d+) in metadata/.exec(text)?.[1];
    if (resumed !== undefined) this.#reach(Number(resumed));
    this.#saved(text);
  }

  control(state: ControlState): void {
    if (state.status === "running") {
      if (state.info === "Loading model") this.#stages.enter("model");
      if (state.info === "Loading dataset") this.#stages.enter("dataset");
      if (state.info === "Training" && state.step > 0) this.#stages.enter("train");
      this.#now = state.info;
      if (!samplesInfo.test(state.info)) this.#pictures = null;
    }
    if (state.step > 0) this.#reach(state.step);
    if (state.speed !== "") this.#speed = state.speed;
  }

  metrics(key: string, value: number): void {
    if (key === "loss/loss") this.#loss = rounded(value);
    if (key !== "learning_rate") return;
    this.#learningRate = value;
    this.#rateIsLogged = true;
  }

  finish(): void {
    this.#step = this.#plan.totalSteps;
    this.#stages.finish();
  }

  snapshot(): ProgressUpdate {
    const trained = this.#stages.reached("train");
    const share = this.#plan.totalSteps === 0 ? 0 : Math.min(1, this.#step / this.#plan.totalSteps);
    if (trained) this.#stages.fraction("train", share);
    this.#stages.detail("train", trained ? `${this.#step} of ${this.#plan.totalSteps} steps${this.#skipped === 0 ? "" : `, ${this.#skipped} skipped`}` : "");
    return {
      stages: this.#stages.list(),
      step: this.#step,
      totalSteps: this.#plan.totalSteps,
      fraction: trained ? share : null,
      speed: this.#speed,
      // Until it trains, the loss log holds what an earlier attempt wrote.
      loss: trained ? this.#loss : null,
      learningRate: trained ? this.#learningRate : null,
      message: this.#message(),
    };
  }

  #bar(bar: Bar): void {
    if (bar.bytes) return this.#download(bar);
    const share = bar.total === 0 ? 0 : bar.done / bar.total;
    if (bar.label.endsWith(this.#plan.jobName)) return this.#training(bar);
    if (/Caching (?:latents|text embeddings)/.test(bar.label)) {
      this.#stages.fraction("latents", (Math.max(0, this.#preparation - 1) + share) / this.#plan.preparations);
    } else if (bar.label === "" && this.#stages.current === "dataset") {
      this.#stages.fraction("dataset", share);
    } else if (samplesLabel.test(bar.label)) {
      this.#samples(bar, share);
    }
  }

  #training(bar: Bar): void {
    this.#stages.enter("train");
    this.#reach(bar.done);
    this.#firstBarStep ??= bar.done;
    if (bar.speed !== "" && this.#speed === "" && bar.done - this.#firstBarStep >= speedAfterSteps) this.#speed = speedWords(bar.speed);
    this.#loss = bar.loss === null ? this.#loss : rounded(bar.loss);
    if (!this.#rateIsLogged) this.#learningRate = bar.learningRate ?? this.#learningRate;
    if (bar.done >= this.#plan.totalSteps) this.#stages.enter("save");
  }

  #samples(bar: Bar, share: number): void {
    const stage = this.#stages.current;
    this.#pictures = { done: bar.done, total: bar.total };
    if (stage === "baseline" || stage === "final") {
      this.#stages.fraction(stage, share);
      this.#stages.detail(stage, `${bar.done} of ${bar.total} pictures`);
    }
  }

  /** Files are downloaded side by side; their sizes become known one after another. */
  #download(bar: Bar): void {
    this.#stages.enter("download");
    this.#downloads.set(bar.label, { done: bar.done, total: bar.total });
    const { done, total } = this.#bytes();
    this.#stages.fraction("download", total === 0 ? 0 : done / total);
    this.#stages.detail("download", `${gigabytes(done)} of ${gigabytes(total)}${bar.speed === "" ? "" : `, ${bar.speed}`}`);
  }

  #bytes(): { done: number; total: number } {
    let done = 0, total = 0;
    for (const file of this.#downloads.values()) {
      done += file.done;
      total += file.total;
    }
    return { done, total };
  }

  /** The last save has no step in its name; what follows are the last samples. */
  #saved(text: string): void {
    const path = /Saved checkpoint to (.+\.safetensors)/.exec(text)?.[1];
    if (path === undefined) return;
    if (path.endsWith(`/${this.#plan.jobName}.safetensors`)) {
      this.#stages.enter("save");
      this.#stages.enter("final");
    }
  }

  #reach(step: number): void {
    if (Number.isSafeInteger(step)) this.#step = Math.max(this.#step, Math.min(step, this.#plan.totalSteps));
  }

  #message(): string {
    // The count is the bar's, as in the stage's detail: the database is read at other moments and may be one ahead.
    if (samplesInfo.test(this.#now)) return `Making sample pictures${this.#pictures === null ? "" : `, ${this.#pictures.done} of ${this.#pictures.total} done`}`;
    if (this.#now === "Saving model") return "Saving a checkpoint";
    return this.#stages.label();
  }
}

function rounded(loss: number): number {
  return Number(loss.toPrecision(lossDigits));
}

/** The bar's "5.20s/it" in the words of the control database, which follow it. */
function speedWords(speed: string): string {
  return speed.replace(/\s*it\/s$/, " iter/sec").replace(/\s*s\/it$/, " sec/iter");
}

function gigabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(0)} MB`;
}
