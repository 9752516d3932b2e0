import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TrainingHost } from "../../interfaces/training.ts";
import type { ExitOutcome } from "../../plugin.ts";
import { askTrainer, isAsked, readControl } from "../start/control-db.ts";
import { checkLora } from "./final-file.ts";
import type { WatchedPlaces } from "../watch/watch.ts";

const pollMs = 200;
/** A save takes seconds; on a slow network volume minutes. After this the training goes on, for its work comes first. */
const saveLimitMs = 10 * 60_000;
/** The trainer looks at its stop flag after every step and around every save; only then signals follow. */
const flagLimitMs = 60_000;

interface Checkpoint {
  readonly step: number;
  readonly changedMs: number;
}

/**
 * Gives way: has AI-Toolkit save, waits until checkpoint and optimizer are both written, and only then stops it, because
 * its stop flag is looked at before its save flag. Nothing that was saved is lost; the few steps that it makes between
 * the save and the stop are made again. Everything is read from files and its control database, so that it works the
 * same for a training that was adopted in the middle of it.
 */
export class TrainingPause {
  readonly #host: TrainingHost;
  readonly #places: WatchedPlaces;
  readonly #kill = new AbortController();
  readonly #begin = () => void this.#run();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #wake: () => void = () => {};
  #hasStopped = false;
  #ended = false;

  constructor(host: TrainingHost, places: WatchedPlaces) {
    this.#host = host;
    this.#places = places;
  }

  /** For the child: aborted where the stop flag did not help. */
  get stop(): AbortSignal {
    return this.#kill.signal;
  }

  start(): void {
    const signal = this.#host.pauseSignal;
    if (signal?.aborted === true) this.#begin();
    else signal?.addEventListener("abort", this.#begin, { once: true });
  }

  end(): void {
    this.#ended = true;
    this.#host.pauseSignal?.removeEventListener("abort", this.#begin);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#wake();
  }

  /** Whether the child ended because of the pause. An earlier life of the server may have asked it to. */
  caused(exit: ExitOutcome, lines: readonly string[]): boolean {
    if (this.#host.pauseSignal?.aborted !== true || this.#host.signal.aborted) return false;
    const byFlag = this.#hasStopped || isAsked(this.#places.controlDb, this.#host.jobId, "stop");
    if (exit.kind === "not-started" || exit.kind === "lost") return false;
    return exit.stopped || (byFlag && lines.some((line) => /\bJob stopped\b/.test(line)));
  }

  async #run(): Promise<void> {
    if (this.#isOver()) return;
    this.#host.log("info", "training.pausing", "The training saves its work and then gives way to pictures.");
    if (!(await this.#save())) return;
    if (this.#isOver()) return;
    this.#hasStopped = true;
    await this.#until(() => askTrainer(this.#places.controlDb, this.#host.jobId, "stop"), flagLimitMs);
    await this.#until(() => false, flagLimitMs);
    if (!this.#isOver()) this.#kill.abort();
  }

  /** False: nothing could be saved, so nothing is stopped. Before the first step there is nothing to save. */
  async #save(): Promise<boolean> {
    const { controlDb, outputDir } = this.#places;
    if ((readControl(controlDb, this.#host.jobId)?.step ?? 0) === 0) return true;
    const before = newestCheckpoint(outputDir, this.#places.jobName);
    const asked = await this.#until(() => askTrainer(controlDb, this.#host.jobId, "save_now"), flagLimitMs);
    const saved = asked && (await this.#until(() => this.#isSaved(before), saveLimitMs));
    if (!saved && !this.#isOver()) {
      this.#host.warn("The training was to give way to pictures, but could not save its work in time, so it goes on. The pictures wait for its end.");
    }
    return saved;
  }

  /** The trainer clears the flag first, then saves the weights, then the optimizer, and says “Training” again. */
  #isSaved(before: Checkpoint | null): boolean {
    const { controlDb, outputDir, jobName } = this.#places;
    if (isAsked(controlDb, this.#host.jobId, "save_now") || readControl(controlDb, this.#host.jobId)?.info === "Saving model") return false;
    const newest = newestCheckpoint(outputDir, jobName);
    if (newest === null || (before !== null && newest.changedMs <= before.changedMs)) return false;
    return changedMs(join(outputDir, "optimizer.pt")) >= newest.changedMs;
  }

  /** True when the condition came true; false after the limit or when the training ended meanwhile. */
  async #until(isTrue: () => boolean, limitMs: number): Promise<boolean> {
    const end = performance.now() + limitMs;
    while (!this.#isOver() && performance.now() < end) {
      if (isTrue()) return true;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      this.#timer = setTimeout(resolve, pollMs);
      await promise;
    }
    return false;
  }

  #isOver(): boolean {
    return this.#ended || this.#host.signal.aborted;
  }
}

/** The step up to which everything is safe; null before the first save. */
export function safeStep(outputDir: string, jobName: string): number | null {
  return newestCheckpoint(outputDir, jobName)?.step ?? null;
}

function newestCheckpoint(outputDir: string, jobName: string): Checkpoint | null {
  let newest: Checkpoint | null = null;
  for (const name of listed(outputDir)) {
    if (!name.startsWith(`${jobName}_`) || !/_\d{9}\.safetensors$/.test(name)) continue;
    const check = checkLora(join(outputDir, name));
    const changed = changedMs(join(outputDir, name));
    if (check.complete && (newest === null || changed > newest.changedMs)) newest = { step: check.file.step, changedMs: changed };
  }
  return newest;
}

function listed(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return []; // the folder appears some time after the start
  }
}

function changedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
