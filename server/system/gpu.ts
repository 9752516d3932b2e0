import type { Gpu, GpuStatus } from "../contract/system.ts";
import type { Service } from "../lifecycle.ts";
import type { Log } from "../log.ts";
import { gpuFields, readGpuTable } from "./gpu-table.ts";
import { runProbe, type ProbeRun } from "./probe-run.ts";

export interface GpuWatchOptions {
  /** nvidia-smi or its simulator with first arguments; null where there is none. Asked at each look: the mode may change. */
  command(): readonly string[] | null;
  readonly intervalMs: number;
  /** Called when anything but the time of the check changed. */
  onChange(status: GpuStatus): void;
  readonly log: Log;
  /** Variables for the program beside the usual ones. */
  readonly env?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
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
  /** The most GPUs seen from this command: one that vanishes is a fault, not a smaller machine. */
  private mostSeen = 0;
  private askedWith: readonly string[] | null = null;

  constructor(private readonly options: GpuWatchOptions) {}

  start(): void {
    this.isStopped = false;
    void this.poll();
  }

  stop(): void {
    this.isStopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
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

  private async poll(): Promise<void> {
    await this.refresh();
    if (!this.isStopped) this.timer = setTimeout(() => void this.poll(), this.options.intervalMs);
  }

  private async look(): Promise<GpuStatus> {
    const found = await this.ask();
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

  private async ask(): Promise<Omit<GpuStatus, "checkedAt">> {
    const { deadlineMs = defaultDeadlineMs } = this.options;
    const command = this.options.command();
    if (command?.join("\0") !== this.askedWith?.join("\0")) this.mostSeen = 0;
    this.askedWith = command;
    if (command === null) return none("nvidia-smi was not found, so no NVIDIA GPU can be used here.");
    if (this.run !== null && !this.run.hasEnded) {
      return failed("nvidia-smi hangs and cannot be ended. The GPU or its driver is stuck; restart this machine.");
    }
    const query = [...command, `--query-gpu=${gpuFields.join(",")}`, "--format=csv"];
    this.run = runProbe(query, { ...this.options.env, CUDA_DEVICE_ORDER: "PCI_BUS_ID", LC_ALL: "C" }, deadlineMs);
    const outcome = await this.run.outcome;
    switch (outcome.kind) {
      case "absent":
        return none(`${command[0]} does not exist or may not be run, so no NVIDIA GPU can be used here.`);
      case "late":
        return failed(`nvidia-smi did not answer within ${deadlineMs / 1000} seconds. A GPU may be lost; jobs may fail. ${restartAdvice}`);
      case "ended":
        return outcome.code === 0 ? this.judge(outcome.stdout) : this.explain(outcome.code, `${outcome.stdout}\n${outcome.stderr}`);
    }
  }

  private judge(output: string): Omit<GpuStatus, "checkedAt"> {
    const gpus = readGpuTable(output);
    if (gpus === null) return this.explain(0, output);
    if (gpus.length < this.mostSeen) return vanished(gpus, this.mostSeen);
    this.mostSeen = gpus.length;
    if (gpus.length === 0) return none("nvidia-smi runs but lists no GPU.");
    return { state: "present", reason: gpus.length === 1 ? `${gpus[0]!.name} answers.` : `${gpus.length} GPUs answer.`, gpus };
  }

  private explain(code: number, output: string): Omit<GpuStatus, "checkedAt"> {
    if (/No devices were found/i.test(output)) return this.judge("index, name\n");
    const said = output.split("\n").map((line) => line.trim()).find((line) => line !== "")?.slice(0, 300) ?? "It said nothing.";
    const what = code === 0 ? "nvidia-smi answered with something that is not its table" : `nvidia-smi failed with exit code ${code}`;
    return failed(`${what}: ${said}`);
  }
}

function none(what: string): Omit<GpuStatus, "checkedAt"> {
  return { state: "none", reason: `${what} ${installAdvice}`, gpus: [] };
}

function failed(reason: string): Omit<GpuStatus, "checkedAt"> {
  return { state: "error", reason, gpus: [] };
}

function vanished(gpus: Gpu[], before: number): Omit<GpuStatus, "checkedAt"> {
  const reason = `Only ${gpus.length} of ${before} GPUs still answer. One was lost or removed; restart this machine, or Isengard if you removed it.`;
  return { state: "error", reason, gpus };
}

function isSame(a: GpuStatus, b: GpuStatus): boolean {
  return JSON.stringify({ ...a, checkedAt: null }) === JSON.stringify({ ...b, checkedAt: null });
}
