import type { SimulatedGpu } from "./query.ts";

/** What the simulated program finds: its GPUs, or the words with which it fails. */
export type Machine =
  | { readonly kind: "gpus"; readonly gpus: readonly SimulatedGpu[] }
  | { readonly kind: "failure"; readonly output: string; readonly code: number }
  | { readonly kind: "hangs" };

export const driverVersion = "580.95.05";
const totalMib = 24_564;
const heatBits = 0x60;
const idleBit = 0x1;

/** Whether something runs on the GPU with this UUID. */
export type Busy = (uuid: string) => boolean;

/**
 * The scenarios, by ISENGARD_SIM_SCENARIO; those of the other simulators mean nothing here.
 *
 * gpu-hang: never answers, as with a GPU that fell off the bus. gpu-lost: the driver has lost it (exit code 15).
 * gpu-lost-one: two GPUs, the row of the second says so. gpu-none: the driver runs without a GPU (exit code 6).
 * gpu-no-driver: exit code 9. gpu-unknown: [N/A] for all values. gpu-old: a driver that knows only the older names.
 * gpu-ecc: a card with ECC and 3 errors. gpu-ok-ecc: the same without one. gpu-hot: slowed down by heat.
 * gpu-busy: another program has most of the memory. two-gpus: a second one.
 */
export function machineOf(scenario: string, now: number, busy: Busy = () => false): Machine {
  const at = (index: number) => (busy(uuidOf(index)) ? loadedAt(now, index) : idle(index));
  const gpu = at(0);
  const one = (change: Partial<SimulatedGpu>): Machine => ({ kind: "gpus", gpus: [{ ...gpu, ...change }] });
  switch (scenario) {
    case "gpu-hang": return { kind: "hangs" };
    case "gpu-lost": return { kind: "failure", code: 15, output: "Unable to determine the device handle for GPU0000:01:00.0: GPU is lost.  Reboot the system to recover this GPU\n" };
    case "gpu-none": return { kind: "failure", code: 6, output: "No devices were found\n" };
    case "gpu-no-driver": return {
      kind: "failure", code: 9,
      output: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n\n",
    };
    case "gpu-lost-one": return { kind: "gpus", gpus: [gpu, { ...at(1), insteadOfValues: "[GPU is lost]" }] };
    case "two-gpus": return { kind: "gpus", gpus: [gpu, at(1)] };
    case "gpu-unknown": return one({ insteadOfValues: "[N/A]" });
    case "gpu-old": return one({ isOldDriver: true });
    case "gpu-ecc": return one({ eccErrors: 3 });
    case "gpu-ok-ecc": return one({ eccErrors: 0 });
    case "gpu-hot": return one({ slowdown: heatBits, temperatureC: 96 });
    case "gpu-busy": return one({ memoryUsedMib: 20_000 });
    default: return one({});
  }
}

function uuidOf(index: number): string {
  return `GPU-5157a7ed-0000-4000-8000-00fa577e570${index}`;
}

/** A card on which nothing runs, as a desktop leaves it. */
function idle(index: number): SimulatedGpu {
  return {
    index, uuid: uuidOf(index), name: "Simulated GPU (fast-test)", driverVersion, memoryTotalMib: totalMib, memoryUsedMib: 612, utilizationPercent: 0,
    temperatureC: 34, powerW: 17.4, powerLimitW: 450, fanPercent: 0, graphicsMhz: 210, memoryMhz: 405, eccErrors: null, slowdown: idleBit,
    isOldDriver: false, insteadOfValues: null,
  };
}

/** Values wander slowly and alike for everybody who asks at the same time. */
function loadedAt(now: number, index: number): SimulatedGpu {
  const wave = (periodMs: number) => (1 + Math.sin((now / periodMs) * 2 * Math.PI)) / 2;
  const load = 0.7 * wave(40_000) + 0.3 * wave(7000);
  return {
    ...idle(index),
    // As little as a desktop takes: nobody here knows which simulated tools run, and a full card would hold them back.
    memoryUsedMib: Math.round(900 + 3_000 * wave(90_000)),
    utilizationPercent: Math.round(55 + 44 * load),
    temperatureC: Math.round(52 + 20 * wave(60_000)),
    powerW: 180 + 190 * load,
    fanPercent: Math.round(30 + 40 * wave(60_000)),
    graphicsMhz: Math.round(1400 + 1200 * load),
    memoryMhz: 10_501,
    slowdown: 0,
  };
}
