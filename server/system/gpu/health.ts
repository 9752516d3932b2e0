import type { Gpu, GpuFault } from "../../contract/system.ts";
import { bootId } from "../../process/identity.ts";
import type { ReadGpu } from "./table.ts";

/** Keeps faults over restarts of the server. */
export interface FaultStore {
  read(): string | null;
  write(text: string): void;
}

type Reported = Pick<GpuFault, "reason" | "since"> & { readonly bootId: string };

/**
 * Which GPU must not be used, and why. What nvidia-smi shows (a GPU that does not answer) goes when it shows the
 * opposite; what a job ran into or a memory error was stays until a person says that the GPU is well, or the machine
 * was restarted, which is the usual cure.
 */
export class GpuHealth {
  private readonly known = new Map<string, Gpu>();
  private readonly eccSeen = new Map<string, number>();
  private readonly lostSince = new Map<string, string>();

  constructor(private readonly store: FaultStore) {}

  /** Another program is asked: its GPUs are another machine's. */
  forget(): void {
    for (const map of [this.known, this.eccSeen, this.lostSince]) map.clear();
  }

  get count(): number {
    return this.known.size;
  }

  /** All GPUs that were ever seen, by their place on the bus; one that is missing now is lost and not a smaller machine. */
  judge(found: readonly ReadGpu[]): Gpu[] {
    const seen = new Set<string>();
    for (const { lost, ...gpu } of found) {
      // A row of a lost GPU may have lost all but its index.
      const before = lost === "" ? undefined : this.all().find(({ index }) => index === gpu.index);
      const id = idOf(before ?? gpu);
      seen.add(id);
      if (lost !== "") this.known.set(id, this.lose(before ?? { ...gpu, fault: null }, `nvidia-smi says of it: ${lost}.`));
      else this.known.set(id, { ...gpu, fault: this.faultOf(id, gpu) });
    }
    for (const [id, gpu] of this.known) if (!seen.has(id)) this.known.set(id, this.lose(gpu, "It does not answer any more."));
    return this.all();
  }

  /** nvidia-smi gave no answer: nothing is known of any of them now. */
  unread(reason: string): Gpu[] {
    for (const [id, gpu] of this.known) this.known.set(id, this.lose(gpu, reason));
    return this.all();
  }

  /** A job met a fault of this GPU, or its memory has new errors. */
  report(id: string, reason: string): void {
    const faults = this.read();
    faults[id] = { reason, since: faults[id]?.since ?? new Date().toISOString(), bootId: bootId() };
    this.store.write(JSON.stringify(faults));
  }

  forgive(id: string): void {
    const { [id]: forgiven, ...others } = this.read();
    if (forgiven !== undefined) this.store.write(JSON.stringify(others));
  }

  private faultOf(id: string, gpu: Omit<Gpu, "fault">): GpuFault | null {
    this.lostSince.delete(id);
    const before = this.eccSeen.get(id);
    const errors = gpu.eccErrors ?? before ?? 0;
    this.eccSeen.set(id, errors);
    if (before !== undefined && errors > before) {
      this.report(id, `Its memory has ${errors - before} new ${errors - before === 1 ? "error" : "errors"} that could not be corrected (ECC).`);
    }
    const reported = this.read()[id];
    return reported === undefined ? null : { id, reason: reported.reason, since: reported.since, stays: true };
  }

  /** Numbers that nobody measured are not shown. */
  private lose(gpu: Gpu, reason: string): Gpu {
    const id = idOf(gpu);
    const since = this.lostSince.get(id) ?? new Date().toISOString();
    this.lostSince.set(id, since);
    const unknown = { memoryUsedMib: null, utilizationPercent: null, temperatureC: null, powerW: null, eccErrors: null, slowedBy: [] };
    return { ...gpu, ...unknown, fault: { id, reason, since, stays: false } };
  }

  private all(): Gpu[] {
    return [...this.known.values()].sort((a, b) => a.index - b.index);
  }

  private read(): Record<string, Reported> {
    const text = this.store.read();
    if (text === null) return {};
    const faults = Object.entries(JSON.parse(text) as Record<string, Reported>);
    return Object.fromEntries(faults.filter(([, fault]) => fault.bootId === bootId()));
  }
}

/** By its UUID; a GPU that tells none, by its place. */
export function idOf({ uuid, index }: Pick<Gpu, "uuid" | "index">): string {
  return /^(GPU|MIG)-/.test(uuid) ? uuid : `#${index}`;
}
