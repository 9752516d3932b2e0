import type { ServiceState } from "../contract/system.ts";
import type { Backends } from "./backends.ts";
import type { Leftovers } from "./leftovers.ts";
import type { Services } from "./needs.ts";
import type { QueueState } from "./queue-state.ts";
import type { Room } from "./room.ts";
import type { HeldBack, JobStore } from "./store.ts";
import type { Claim } from "./store-rows.ts";
import { anyLane } from "./store-table.ts";
import { WaitingReasons } from "./waiting-reasons.ts";

export interface GpuId {
  readonly uuid: string;
  /** As nvidia-smi counts: by the place on the PCI bus. */
  readonly index: number;
}

/** The GPUs of this machine; none known is a machine with one. null: nobody has looked yet. */
export type GpuList = () => readonly GpuId[] | null;

const comfyui = "comfyui";
const runningStates: ReadonlySet<ServiceState> = new Set(["starting", "ready", "stopping", "unreachable"]);
const named = `${anyLane}:`;

/** One lane for each GPU, the one with ComfyUI first. One GPU needs no name: nothing is to be chosen. */
export function lanesOf(gpus: readonly GpuId[]): string[] {
  const known = gpus.filter((gpu) => gpu.uuid !== "").toSorted((a, b) => a.index - b.index);
  return known.length < 2 ? [anyLane] : known.map((gpu) => named + gpu.uuid);
}

/** What makes a child use the GPU of its lane and no other. Empty where there is no choice. */
export function laneEnvironment(lane: string): Record<string, string> {
  if (!lane.startsWith(named)) return {};
  return { CUDA_VISIBLE_DEVICES: lane.slice(named.length), CUDA_DEVICE_ORDER: "PCI_BUS_ID" };
}

/** At most one job holds a GPU. The lease is the job's own active state, so it cannot be lost or forgotten. */
export class Lanes {
  private readonly reasons: WaitingReasons;

  constructor(
    private readonly store: JobStore,
    private readonly backends: Backends,
    private readonly services: Services,
    /** Where a ComfyUI that we do not look after answers: it is asked to free memory and left alone. */
    private readonly comfyuiUrl: string | null,
    private readonly gpus: GpuList,
    private readonly queueState: QueueState,
    private readonly room: Room,
    private readonly leftovers: Leftovers,
  ) {
    this.reasons = new WaitingReasons(store, backends, queueState, room, leftovers, () => this.names());
  }

  /** What may begin now. Trainings go to a GPU without ComfyUI first; pictures only to the one with it. */
  claim(): Claim[] {
    const known = this.gpus();
    if (known === null || this.queueState.paused() !== null || this.leftovers.waiting() !== null) return [];
    const lanes = lanesOf(known);
    return lanes
      .toReversed()
      .map((lane) => this.claimFor(lane, lane === lanes[0]))
      .filter((claim) => claim !== null);
  }

  /** Follows it at once, so that the next lane counts what this job is going to write. */
  private claimFor(lane: string, pictures: boolean): Claim | null {
    const kinds = (["training", "generation"] as const).filter((kind) => this.room.refusalOf(kind) !== null);
    const held: HeldBack = { kinds, holds: (row) => row.kind === "training" && this.room.refusal(row) !== null };
    const claim = this.store.claimNext(lane, crypto.randomUUID(), pictures, held);
    if (claim !== null) this.room.follow(claim);
    return claim;
  }

  /** Whether this lane's GPU is the one that pictures are made on. */
  isForPictures(lane: string): boolean {
    return lane === anyLane || lane === this.names()[0];
  }

  explainWaiting(): void {
    this.reasons.explain();
  }

  /** Gives the GPU's memory to a training. Throws with the reason when it could not be freed. */
  async makeRoom(lane: string): Promise<void> {
    if (!this.isForPictures(lane)) return;
    const status = this.services.statuses().find((service) => service.name === comfyui);
    if (status === undefined) return;
    if (status.state === "attached" && this.comfyuiUrl !== null) await this.backends.image().releaseMemory(this.comfyuiUrl);
    if (status.state === "ready" && status.port !== null) await this.backends.image().releaseMemory(`http://127.0.0.1:${status.port}`);
    if (runningStates.has(status.state)) await this.services.stopService(comfyui, "a training needs the GPU");
  }

  private names(): string[] {
    return lanesOf(this.gpus() ?? []);
  }
}
