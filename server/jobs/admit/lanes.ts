import type { Waiting } from "../../contract/job.ts";
import type { Gpu, ServiceState } from "../../contract/system.ts";
import type { Log } from "../../base/log.ts";
import type { Backends } from "../backends.ts";
import { isTaken, takenText } from "./gpu-memory.ts";
import { faultOf, gpuOf, type LaneFault, lanesOf } from "./lane-names.ts";
import type { Leftovers } from "./leftovers.ts";
import type { GpuKeeper, Services } from "../ports.ts";
import type { PauseState } from "../store/queue-pause.ts";
import type { DiskRoom } from "./disk-room.ts";
import type { HeldBack, JobStore } from "../store/store.ts";
import type { Claim } from "../store/rows.ts";
import { anyLane } from "../store/table.ts";
import { gpuMemoryCode } from "./waiting-codes.ts";
import { WaitingReasons } from "./waiting-reasons.ts";
import { isForecast, isForPictures, jobKindNames } from "../../shared/job-kinds.ts";

export interface LanesParts {
  readonly store: JobStore;
  readonly backends: Backends;
  readonly services: Services;
  /** Where a ComfyUI that we do not look after answers: it is asked to free memory and left alone. Another mode has another. */
  comfyuiUrl(): string | null;
  readonly gpu: GpuKeeper;
  readonly queueState: PauseState;
  readonly room: DiskRoom;
  readonly leftovers: Leftovers;
  readonly log: Log;
}

const comfyui = "comfyui";
const runningStates: ReadonlySet<ServiceState> = new Set(["starting", "ready", "stopping", "unreachable"]);
/** A driver may need a moment to give back the memory of a program that has ended. */
const settleLooks = 4;
const settleMs = 500;

/** At most one job holds a GPU. The lease is the job's own active state, so it cannot be lost or forgotten. */
export class Lanes {
  private readonly reasons: WaitingReasons;

  constructor(private readonly parts: LanesParts) {
    this.reasons = new WaitingReasons({ ...parts, lanes: this });
  }

  /** What may begin now. Trainings go to a GPU without ComfyUI first; pictures only to the one with it. */
  claim(): Claim[] {
    const { gpu, queueState, leftovers } = this.parts;
    if (gpu.status().checkedAt === null || queueState.paused() !== null || leftovers.waiting() !== null) return [];
    const lanes = this.names();
    return lanes
      .toReversed()
      .map((lane) => this.claimFor(lane, lane === lanes[0]))
      .filter((claim) => claim !== null);
  }

  /** Follows it at once, so that the next lane counts what this job is going to write. */
  private claimFor(lane: string, pictures: boolean): Claim | null {
    const { room, store } = this.parts;
    const kinds = jobKindNames.filter((kind) => room.refusalOf(kind) !== null || this.faultFor(kind, lane) !== null);
    const held: HeldBack = { kinds, mode: this.parts.backends.mode ?? undefined, holds: (row) => isForecast(row.kind) && room.refusal(row) !== null };
    const claim = store.claimNext(lane, crypto.randomUUID(), pictures, held);
    if (claim !== null) room.follow(claim);
    return claim;
  }

  /** Whether this lane's GPU is the one that pictures are made on. */
  isForPictures(lane: string): boolean {
    return lane === anyLane || lane === this.names()[0];
  }

  names(): string[] {
    return lanesOf(this.parts.gpu.status().gpus);
  }

  /** Why no job of this kind may begin in this lane; pictures that are made elsewhere do not need its GPU. */
  faultFor(kind: string, lane: string): LaneFault | null {
    if (isForPictures(kind) && this.parts.comfyuiUrl() !== null) return null;
    return faultOf(lane, this.parts.gpu.status());
  }

  explainWaiting(): void {
    this.reasons.explain();
  }

  /**
   * A job met a fault of its GPU: nothing new begins there. Where nvidia-smi knows no GPU there is none to keep from.
   * What CUDA holds in a process is spoilt by such a fault, so a ComfyUI that met it would fail for ever and is stopped.
   */
  reportFault(lane: string, reason: string): void {
    const { gpu, services, log } = this.parts;
    const broken = gpuOf(lane, gpu.status());
    if (broken !== null) gpu.report(broken, reason);
    if (!this.isForPictures(lane) || !this.comfyuiRuns()) return;
    services.stopService(comfyui, "the GPU had a fault").catch((error: unknown) => log.warn("lane.not-stopped", "ComfyUI could not be stopped after a fault of the GPU", { lane, error }));
  }

  /**
   * Gives the GPU's memory to a training: ComfyUI is asked to free it and then stopped, and nvidia-smi measures each
   * time. Answers why the training has to wait when other programs hold too much of it. Throws when ComfyUI did not stop.
   */
  async makeRoom(lane: string): Promise<Waiting | null> {
    const measured = [await this.look(lane)];
    if (this.isForPictures(lane)) await this.clearPictures(lane, measured);
    for (let looks = 0; looks < settleLooks && isTakenNow(measured); looks++) {
      await Bun.sleep(settleMs);
      measured.push(await this.look(lane));
    }
    const gpu = measured.at(-1) ?? null;
    this.parts.log.info("lane.room-made", "the GPU's memory was measured before a training", {
      lane, usedMib: measured.map((each) => each?.memoryUsedMib ?? null), totalMib: gpu?.memoryTotalMib ?? null,
    });
    return gpu !== null && isTakenNow(measured) ? { code: gpuMemoryCode, text: takenText(gpu) } : null;
  }

  /** Each step is measured; without a ComfyUI there is none. */
  private async clearPictures(lane: string, measured: Array<Gpu | null>): Promise<void> {
    if (await this.askForMemory()) measured.push(await this.look(lane));
    if (!this.comfyuiRuns()) return;
    await this.parts.services.stopService(comfyui, "a training needs the GPU");
    measured.push(await this.look(lane));
  }

  /** By the last look: whether a training would still find every GPU taken by others. Our own ComfyUI would give way. */
  stillTaken(): Waiting | null {
    const gpus = this.names().map((lane) => gpuOf(lane, this.parts.gpu.status()));
    if (this.comfyuiRuns() || gpus.some((gpu) => gpu === null || !isTaken(gpu))) return null;
    return { code: gpuMemoryCode, text: takenText(gpus.at(-1)!) };
  }

  private async look(lane: string): Promise<Gpu | null> {
    return gpuOf(lane, await this.parts.gpu.fresh());
  }

  private async askForMemory(): Promise<boolean> {
    const { services, backends } = this.parts;
    const status = services.statuses().find((service) => service.name === comfyui);
    const own = status?.state === "ready" && status.port !== null ? `http://127.0.0.1:${status.port}` : null;
    const url = status?.state === "attached" ? this.parts.comfyuiUrl() : own;
    if (url !== null) await backends.image().releaseMemory(url);
    return url !== null;
  }

  private comfyuiRuns(): boolean {
    return this.parts.services.statuses().some(({ name, state }) => name === comfyui && runningStates.has(state));
  }
}

function isTakenNow(measured: ReadonlyArray<Gpu | null>): boolean {
  const last = measured.at(-1) ?? null;
  return last !== null && isTaken(last);
}
