import type { Job, Waiting } from "../contract/job.ts";
import type { ServiceState } from "../contract/system.ts";
import type { Backends } from "./backends.ts";
import type { Services } from "./needs.ts";
import type { JobStore } from "./store.ts";
import type { Claim } from "./store-rows.ts";

/** Training and pictures share one GPU, so they share one lane. */
const gpuLane = "gpu";
/** Further back in the line nobody reads the exact words; they get theirs when they come nearer. */
const linesKept = 100;
const comfyui = "comfyui";
const runningStates: ReadonlySet<ServiceState> = new Set(["starting", "ready", "stopping", "unreachable"]);

/** At most one job holds the GPU. The lease is the job's own active state, so it cannot be lost or forgotten. */
export class GpuLane {
  constructor(
    private readonly store: JobStore,
    private readonly backends: Backends,
    private readonly services: Services,
    /** Where a ComfyUI that we do not look after answers: it is asked to free memory and left alone. */
    private readonly comfyuiUrl: string | null,
  ) {}

  /** null: nothing waits, or the GPU is taken. */
  claim(): Claim | null {
    return this.store.claimNext(gpuLane, crypto.randomUUID());
  }

  /** Keeps the sentence on each waiting job true. Writes only what changed. */
  explainWaiting(): void {
    const holder = this.store.active()[0] ?? null;
    for (const [ahead, job] of this.store.queued(gpuLane, linesKept).entries()) {
      this.store.setWaiting(job.id, this.reason(holder, ahead));
    }
  }

  /** Gives the GPU's memory to a training. Throws with the reason when it could not be freed. */
  async makeRoom(): Promise<void> {
    const status = this.services.statuses().find((service) => service.name === comfyui);
    if (status === undefined) return;
    if (status.state === "attached" && this.comfyuiUrl !== null) await this.backends.image().releaseMemory(this.comfyuiUrl);
    if (status.state === "ready" && status.port !== null) await this.backends.image().releaseMemory(`http://127.0.0.1:${status.port}`);
    if (runningStates.has(status.state)) await this.services.stopService(comfyui, "a training needs the GPU");
  }

  private reason(holder: Job | null, ahead: number): Waiting | null {
    if (!this.backends.chosen) {
      return { code: "mode_not_chosen", text: "Waits until you choose on the first page how Isengard runs on this machine." };
    }
    if (holder === null) return ahead === 0 ? null : { code: "queue", text: `Waits for ${others(ahead)} before it.` };
    const left = timeLeft(holder.progress?.etaSeconds ?? null);
    const behind = ahead === 0 ? "" : `, then for ${others(ahead)}`;
    return { code: "gpu", text: `Waits for ${this.store.subject(holder.id)}${left}${behind}.`, jobId: holder.id };
  }
}

function others(count: number): string {
  return count === 1 ? "1 other job" : `${count} other jobs`;
}

function timeLeft(seconds: number | null): string {
  if (seconds === null) return "";
  if (seconds < 60) return ", less than a minute left";
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `, about ${minutes} ${minutes === 1 ? "minute" : "minutes"} left`;
  return `, about ${Math.round(minutes / 60)} hours left`;
}
