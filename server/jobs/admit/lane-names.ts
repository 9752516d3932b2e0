import type { Gpu, GpuFault, GpuStatus } from "../../contract/system.ts";
import { anyLane } from "../store/table.ts";

export type LaneFault = Pick<GpuFault, "reason" | "stays">;

const named = `${anyLane}:`;

/** One lane for each GPU, the one with ComfyUI first. One GPU needs no name: nothing is to be chosen. */
export function lanesOf(gpus: ReadonlyArray<Pick<Gpu, "uuid" | "index">>): string[] {
  const known = gpus.filter((gpu) => gpu.uuid !== "").toSorted((a, b) => a.index - b.index);
  return known.length < 2 ? [anyLane] : known.map((gpu) => named + gpu.uuid);
}

/** What makes a child use the GPU of its lane and no other. Empty where there is no choice. */
export function laneEnvironment(lane: string): Record<string, string> {
  if (!lane.startsWith(named)) return {};
  return { CUDA_VISIBLE_DEVICES: lane.slice(named.length), CUDA_DEVICE_ORDER: "PCI_BUS_ID" };
}

/** The UUID in the name of a lane; null for the one that stands for whatever GPU there is. */
export function uuidOf(lane: string): string | null {
  return lane.startsWith(named) ? lane.slice(named.length) : null;
}

/** The GPU behind a lane; of a nameless lane the only one that is known. */
export function gpuOf(lane: string, { gpus }: Pick<GpuStatus, "gpus">): Gpu | null {
  const uuid = uuidOf(lane);
  if (uuid !== null) return gpus.find((gpu) => gpu.uuid === uuid) ?? null;
  return gpus.length === 1 ? gpus[0]! : null;
}

/** Why nothing may begin in this lane; null where it may, or where nobody can say anything against it. */
export function faultOf(lane: string, status: GpuStatus): LaneFault | null {
  const gpu = gpuOf(lane, status);
  if (gpu !== null) return gpu.fault;
  return status.state === "error" && status.gpus.length === 0 ? { reason: status.reason, stays: false } : null;
}

/** "GPU 1" where there are several; null where there is no other that could be meant. */
export function gpuWords(lane: string, status: GpuStatus): string | null {
  const gpu = uuidOf(lane) === null ? null : gpuOf(lane, status);
  return gpu === null ? null : `GPU ${gpu.index}`;
}
