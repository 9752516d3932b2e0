import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ToolHost } from "../../plugin.ts";
import { askTrainer, readControl } from "../start/control-db.ts";
import type { Divergence } from "./divergence.ts";
import { checkLora } from "../ends/final-file.ts";
import { LossReader } from "./loss.ts";
import type { ProgressTracker } from "./progress.ts";
import { Silence } from "./silence.ts";

const pollMs = 500;
const samplePattern = /^\d+__(\d{9})_(\d+)\.(?:jpg|png|webp)$/;

export interface WatchedPlaces {
  readonly controlDb: string;
  readonly outputDir: string;
  readonly jobName: string;
}

/**
 * Looks at the trainer's databases and folders twice a second and tells the host what is new. Only whole files are
 * told: samples appear by a rename, and a checkpoint counts once its header matches its size.
 */
export class TrainingWatch {
  readonly #host: ToolHost;
  readonly #places: WatchedPlaces;
  readonly #tracker: ProgressTracker;
  readonly #losses: LossReader;
  readonly #silence: Silence;
  readonly #divergence: Divergence | null;
  readonly #told = new Set<string>();
  #last = "";
  #stopAsked = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #looking: Promise<void> = Promise.resolve();
  #ended = false;

  /** `quietMs`: how long the training may show no sign of life; by default 15 minutes. */
  constructor(host: ToolHost, places: WatchedPlaces, tracker: ProgressTracker, quietMs?: number, divergence: Divergence | null = null) {
    this.#divergence = divergence;
    this.#host = host;
    this.#places = places;
    this.#tracker = tracker;
    this.#silence = new Silence([places.outputDir, join(places.outputDir, "samples")], quietMs);
    this.#losses = new LossReader(join(places.outputDir, "loss_log.db"));
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.look().catch(() => {
        // Only the host's refusal, because the server leaves or another run took over: nobody waits for this look, so
        // it would end the server. The next call that is waited for hears the same.
      }).finally(() => {
        if (!this.#ended) this.start();
      });
    }, pollMs);
  }

  heard(): void {
    this.#silence.heard();
  }

  /** One last look after the child is gone. */
  async end(): Promise<void> {
    this.#ended = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#looking;
    await this.look();
  }

  async look(): Promise<void> {
    try {
      this.#askToStop();
      const control = readControl(this.#places.controlDb, this.#host.jobId);
      if (control !== null) this.#tracker.control(control);
      this.#readLosses();
      await this.#findSamples();
      await this.#findCheckpoints();
      await this.#report();
    } catch (error) {
      // A look that fails is repeated; the training itself must not suffer from it.
      this.#host.log("warn", "training.watch_failed", "Looking after the training failed and is repeated.", { error: String(error) });
    }
  }

  /** Beside the signal: between two steps the flag is seen at once, also where a library swallowed the interrupt. */
  #askToStop(): void {
    if (!this.#host.signal.aborted || this.#stopAsked) return;
    this.#stopAsked = askTrainer(this.#places.controlDb, this.#host.jobId, "stop");
  }

  #readLosses(): void {
    const news = this.#losses.read();
    const undoneAfter = this.#losses.undoneAfter();
    if (undoneAfter !== null) this.#host.metricsUndone(undoneAfter);
    for (const [key, found] of news) {
      if (key === "loss/loss") this.#divergence?.points(found);
      const points = found.filter(([, value]) => Number.isFinite(value));
      if (points.length === 0) continue;
      this.#host.metrics(key, points);
      this.#tracker.metrics(key, points.at(-1)![1]);
    }
  }

  async #findSamples(): Promise<void> {
    const dir = join(this.#places.outputDir, "samples");
    for (const name of await names(dir)) {
      const match = samplePattern.exec(name);
      if (match === null || this.#told.has(name)) continue;
      this.#told.add(name);
      this.#host.artifact({ kind: "sample", name, path: join(dir, name), step: Number(match[1]), promptIndex: Number(match[2]) });
    }
  }

  async #findCheckpoints(): Promise<void> {
    for (const name of await names(this.#places.outputDir)) {
      if (!name.startsWith(this.#places.jobName) || !name.endsWith(".safetensors") || this.#told.has(name)) continue;
      const isFinal = name === `${this.#places.jobName}.safetensors`;
      if (!isFinal && !/_\d{9}\.safetensors$/.test(name)) continue;
      const path = join(this.#places.outputDir, name);
      const check = checkLora(path);
      if (!check.complete) continue;
      this.#told.add(name);
      this.#host.artifact({ kind: isFinal ? "lora" : "checkpoint", name, path, step: check.file.step, promptIndex: null });
    }
  }

  async #report(): Promise<void> {
    const update = this.#tracker.snapshot();
    const text = JSON.stringify(update);
    if (text !== this.#last) {
      this.#last = text;
      this.#silence.heard();
      this.#silence.reached(update.step);
      this.#host.progress(update);
      return;
    }
    const sentence = await this.#silence.sentence(update.message, this.#tracker.downloaded);
    if (sentence !== null) this.#host.warn(sentence);
  }
}

async function names(dir: string): Promise<string[]> {
  // The folders appear some time after the start.
  return await readdir(dir).catch(() => []);
}
