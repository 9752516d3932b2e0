import type { Gpu, GpuStatus } from "../../contract/system.ts";
import type { Bus } from "../../events/bus.ts";
import type { GpuKeeper } from "../ports.ts";

export type KnownGpu = Pick<Gpu, "uuid" | "index"> & Partial<Gpu>;

const unknown = {
  name: "Test GPU", memoryTotalMib: null, memoryUsedMib: null, utilizationPercent: null, temperatureC: null, powerW: null, powerLimitW: null,
  eccErrors: null, slowedBy: [], fault: null,
} as const;

/** The GPUs that a test sets. null: nobody has looked yet. */
export class FakeGpus implements GpuKeeper {
  known: readonly KnownGpu[] | null = [];
  looks = 0;
  /** Called before each fresh look. */
  onLook: (look: number) => void = () => {};

  constructor(private readonly bus: Bus) {}

  status(): GpuStatus {
    const gpus = (this.known ?? []).map((gpu) => ({ ...unknown, slowedBy: [], ...gpu }));
    const state = this.known === null ? "unknown" : gpus.some((gpu) => gpu.fault !== null) ? "error" : gpus.length === 0 ? "none" : "present";
    return { state, reason: "", gpus, checkedAt: this.known === null ? null : "2026-11-21T00:00:00Z" };
  }

  async fresh(): Promise<GpuStatus> {
    this.onLook(++this.looks);
    return this.status();
  }

  report(gpu: Pick<Gpu, "uuid" | "index">, reason: string): void {
    this.known = (this.known ?? []).map((each) => (each.index === gpu.index ? { ...each, fault: { id: each.uuid, reason, since: "", stays: true } } : each));
    this.bus.publish({ type: "gpu.changed", gpu: this.status() });
  }
}
