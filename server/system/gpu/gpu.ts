import type { Gpu, GpuStatus } from "../../contract/system.ts";
import { AppError, notFound } from "../../base/errors.ts";
import type { Service } from "../../base/lifecycle.ts";
import type { Log } from "../../base/log.ts";
import { type FaultStore, GpuHealth, idOf } from "./health.ts";
import { gpuQueries, isUnknownField, readGpuTable } from "./table.ts";
import { type ProbeOutcome, type ProbeRun, runProbe } from "../probe-run.ts";

export interface GpuWatchOptions {
  /** nvidia-smi or its simulator with first arguments; null where there is none. Asked at each look: the mode may change. */
  command(): readonly string[] | null;
  readonly intervalMs: number;
  /** Called when anything but the time of the check changed. */
  onChange(status: GpuStatus): void;
  readonly log: Log;
  /** Variables for the program beside the usual ones, read at each look. */
  readonly env?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
  /** Where faults outlive the server. Without: they do not. */
  readonly faults?: FaultStore;
}

/** nvidia-smi hangs when a GPU is lost. */
const defaultDeadlineMs = 5000;
const restartAdvice = "Restart this machine if it stays.";
const installAdvice = "Install the NVIDIA driver, or start Isengard on a machine with an NVIDIA GPU.";

/** Asks nvidia-smi again and again. Never more than one runs, even when one cannot be ended. */
export class GpuWatch implements Service {
  readonly name = "gpu-watch";
  private current: GpuStatus = { state: "unknown", reason: "The GPU was not looked at yet.", gpus: [], checkedAt: null };
  private inFlight: Promise<GpuStatus> | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private run: ProbeRun | null = null;
  private isStopped = true;
  /** The look in progress was ended by us, so it says nothing about the GPU. */
  private isAbandoned = false;
  private readonly health: GpuHealth;
  /** The first query that this program understood. */
  private query = 0;
  private askedWith: readonly string[] | null = null;

  constructor(private readonly options: GpuWatchOptions) {
    this.health = new GpuHealth(options.faults ?? inMemory());
  }

  start(): void {
    this.isStopped = false;
    void this.poll();
  }

  stop(): void {
    this.isStopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.isAbandoned = true;
    this.run?.kill();
  }

  status(): GpuStatus {
    return this.current;
  }

  /** Looks now; a look in progress is shared. Never throws: a failure is a status. */
  refresh(): Promise<GpuStatus> {
    this.inFlight ??= this.look().finally(() => {
      this.inFlight = null;
    });
    return this.inFlight;
  }

  /** As `refresh`, but of a look that begins after this call. */
  async fresh(): Promise<GpuStatus> {
    await this.inFlight;
    return this.refresh();
  }

  /** A job met a fault of this GPU: nothing new is to begin there until a person says that it is well. */
  report(gpu: Pick<Gpu, "uuid" | "index">, reason: string): void {
    this.options.log.error("gpu.fault", "a job met a fault of a GPU; nothing new begins on it", { gpu: idOf(gpu), reason });
    this.health.report(idOf(gpu), reason);
    void this.fresh();
  }

  /** The person's word that a GPU is well, checked as far as nvidia-smi can. Throws while that shows the opposite. */
  async resume(id: string): Promise<GpuStatus> {
    const seen = (await this.fresh()).gpus.find((gpu) => idOf(gpu) === id);
    if (seen === undefined) throw notFound("GPU", id);
    if (seen.fault !== null && !seen.fault.stays) {
      throw new AppError("conflict", `${seen.name} cannot be used yet.`, { why: seen.fault.reason, fix: restartAdvice });
    }
    this.health.forgive(id);
    return this.fresh();
  }

  private async poll(): Promise<void> {
    await this.refresh();
    if (!this.isStopped) this.timer = setTimeout(() => void this.poll(), this.options.intervalMs);
  }

  private async look(): Promise<GpuStatus> {
    this.isAbandoned = false;
    const found = await this.ask().catch((error: unknown) => this.unjudged(error));
    if (this.isAbandoned) return this.current;
    const next: GpuStatus = { ...found, checkedAt: new Date().toISOString() };
    const before = this.current;
    this.current = next;
    if (isSame(before, next)) return next;
    if (before.state !== next.state) {
      const isBad = next.state === "error";
      this.options.log[isBad ? "warn" : "info"]("gpu.changed", next.reason, { state: next.state, count: next.gpus.length });
    }
    this.options.onChange(next);
    return next;
  }

  /** The faults that are kept could not be read or written: better nothing begins than on a broken GPU. */
  private unjudged(error: unknown): Omit<GpuStatus, "checkedAt"> {
    return { state: "error", reason: `It could not be looked up which GPU is well: ${String(error)}`, gpus: this.current.gpus };
  }

  private async ask(): Promise<Omit<GpuStatus, "checkedAt">> {
    const { deadlineMs = defaultDeadlineMs } = this.options;
    const command = this.options.command();
    if (command?.join("\0") !== this.askedWith?.join("\0")) {
      this.health.forget();
      this.query = 0;
    }
    this.askedWith = command;
    if (command === null) return none("nvidia-smi was not found, so no NVIDIA GPU can be used here.");
    if (this.run !== null && !this.run.hasEnded) {
      return this.failed("nvidia-smi hangs and cannot be ended. The GPU or its driver is stuck; restart this machine.");
    }
    const outcome = await this.askWith(command, deadlineMs);
    switch (outcome.kind) {
      case "absent":
        return none(`${command[0]} does not exist or may not be run, so no NVIDIA GPU can be used here.`);
      case "late":
        return this.failed(`nvidia-smi did not answer within ${deadlineMs / 1000} seconds. A GPU may be lost; jobs may fail. ${restartAdvice}`);
      case "ended":
        return outcome.code === 0 ? this.judge(outcome.stdout) : this.explain(outcome.code, `${outcome.stdout}\n${outcome.stderr}`);
    }
  }

  /** Drivers know different fields, and one unknown field means no answer: then it is asked for less. */
  private async askWith(command: readonly string[], deadlineMs: number): Promise<ProbeOutcome> {
    for (;;) {
      this.run = runProbe([...command, `--query-gpu=${gpuQueries[this.query]}`, "--format=csv"], { ...this.options.env, CUDA_DEVICE_ORDER: "PCI_BUS_ID", LC_ALL: "C" }, deadlineMs);
      const outcome = await this.run.outcome;
      const isUnknown = outcome.kind === "ended" && outcome.code !== 0 && isUnknownField(outcome.stdout + outcome.stderr);
      if (!isUnknown || this.query === gpuQueries.length - 1) return outcome;
      this.query++;
    }
  }

  private judge(output: string): Omit<GpuStatus, "checkedAt"> {
    const found = readGpuTable(output);
    if (found === null) return this.explain(0, output);
    const gpus = this.health.judge(found);
    if (gpus.length === 0) return none("nvidia-smi runs but lists no GPU.");
    const lost = gpus.filter(({ fault }) => fault !== null && !fault.stays);
    if (lost.length > 0) return lostSome(gpus, lost.length);
    const faulty = gpus.find(({ fault }) => fault !== null);
    if (faulty !== undefined) return { state: "error", reason: `Nothing new is started on ${faulty.name}: ${faulty.fault!.reason}`, gpus };
    return { state: "present", reason: gpus.length === 1 ? `${gpus[0]!.name} answers.` : `${gpus.length} GPUs answer.`, gpus };
  }

  private explain(code: number, output: string): Omit<GpuStatus, "checkedAt"> {
    if (/No devices were found/i.test(output)) return this.judge("index, name\n");
    const said = output.split("\n").map((line) => line.trim()).find((line) => line !== "")?.slice(0, 300) ?? "It said nothing.";
    const what = code === 0 ? "nvidia-smi answered with something that is not its table" : `nvidia-smi failed with exit code ${code}`;
    return this.failed(`${what}: ${said}`);
  }

  /** GPUs that were seen before stay in the list, with the reason. */
  private failed(reason: string): Omit<GpuStatus, "checkedAt"> {
    return { state: "error", reason, gpus: this.health.unread(reason) };
  }
}

function none(what: string): Omit<GpuStatus, "checkedAt"> {
  return { state: "none", reason: `${what} ${installAdvice}`, gpus: [] };
}

function lostSome(gpus: Gpu[], lost: number): Omit<GpuStatus, "checkedAt"> {
  const reason = `Only ${gpus.length - lost} of ${gpus.length} GPUs still answer. One was lost or removed; restart this machine, or Isengard if you removed it.`;
  return { state: "error", reason, gpus };
}

function inMemory(): FaultStore {
  let text: string | null = null;
  return { read: () => text, write: (next) => void (text = next) };
}

function isSame(a: GpuStatus, b: GpuStatus): boolean {
  return JSON.stringify({ ...a, checkedAt: null }) === JSON.stringify({ ...b, checkedAt: null });
}
