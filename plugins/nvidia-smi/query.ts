export interface SimulatedGpu {
  readonly index: number;
  readonly uuid: string;
  readonly name: string;
  readonly driverVersion: string;
  readonly memoryTotalMib: number;
  readonly memoryUsedMib: number;
  readonly utilizationPercent: number;
  readonly temperatureC: number;
  readonly powerW: number;
  readonly powerLimitW: number;
  readonly fanPercent: number;
  readonly graphicsMhz: number;
  readonly memoryMhz: number;
  /** null: the card has no ECC, as a GeForce. */
  readonly eccErrors: number | null;
  /** Bits of nvml.h; 1 is idle. */
  readonly slowdown: number;
  /** A driver of the time before 535. */
  readonly isOldDriver: boolean;
  /** Each value reads so instead, where the driver does not know it or the GPU is gone. */
  readonly insteadOfValues: string | null;
}

interface Field {
  readonly unit?: string;
  read(gpu: SimulatedGpu): string;
}

const unavailable = "[N/A]";

const reasons = (gpu: SimulatedGpu) => `0x${gpu.slowdown.toString(16).padStart(16, "0")}`;

/** Those that Isengard and AI-Toolkit's own page ask for. */
const fields: Readonly<Record<string, Field>> = {
  index: { read: (gpu) => String(gpu.index) },
  uuid: { read: (gpu) => gpu.uuid },
  gpu_uuid: { read: (gpu) => gpu.uuid },
  name: { read: (gpu) => gpu.name },
  gpu_name: { read: (gpu) => gpu.name },
  driver_version: { read: (gpu) => gpu.driverVersion },
  pstate: { read: () => "P2" },
  "memory.total": { unit: "MiB", read: (gpu) => String(gpu.memoryTotalMib) },
  "memory.used": { unit: "MiB", read: (gpu) => String(gpu.memoryUsedMib) },
  "memory.free": { unit: "MiB", read: (gpu) => String(gpu.memoryTotalMib - gpu.memoryUsedMib) },
  "utilization.gpu": { unit: "%", read: (gpu) => String(gpu.utilizationPercent) },
  "utilization.memory": { unit: "%", read: (gpu) => String(Math.round(gpu.utilizationPercent * 0.6)) },
  "temperature.gpu": { read: (gpu) => String(gpu.temperatureC) },
  "temperature.memory": { read: () => "N/A" },
  "power.draw": { unit: "W", read: (gpu) => gpu.powerW.toFixed(2) },
  "power.limit": { unit: "W", read: (gpu) => gpu.powerLimitW.toFixed(2) },
  "fan.speed": { unit: "%", read: (gpu) => String(gpu.fanPercent) },
  "clocks.current.graphics": { unit: "MHz", read: (gpu) => String(gpu.graphicsMhz) },
  "clocks.current.memory": { unit: "MHz", read: (gpu) => String(gpu.memoryMhz) },
  "clocks.sm": { unit: "MHz", read: (gpu) => String(gpu.graphicsMhz) },
  "ecc.errors.uncorrected.volatile.total": { read: (gpu) => (gpu.eccErrors === null ? unavailable : String(gpu.eccErrors)) },
  "clocks_event_reasons.active": { read: reasons },
  "clocks_throttle_reasons.active": { read: reasons },
};
/** Names that a driver before 535 does not know. */
const newFields = new Set(["clocks_event_reasons.active"]);
/** What is known without asking the GPU. */
const alwaysKnown = new Set(["index", "uuid", "gpu_uuid", "name", "gpu_name", "driver_version"]);

/** `--query-gpu=a,b --format=csv[,noheader][,nounits]`, with the text and exit code of the real program. */
export function answerQuery(query: string, format: string, gpus: readonly SimulatedGpu[]): { output: string; code: number } {
  const options = format.split(",").map((option) => option.trim());
  const names = query.split(",").map((name) => name.trim());
  if (!options.includes("csv") || options.some((option) => !["csv", "noheader", "nounits"].includes(option))) {
    return { output: `"${format}" is not a valid format.\n`, code: 2 };
  }
  const isOld = gpus.some((gpu) => gpu.isOldDriver);
  const unknown = names.find((name) => !Object.hasOwn(fields, name) || (isOld && newFields.has(name)));
  if (unknown !== undefined) return { output: `Field "${unknown}" is not a valid field to query.\n\n`, code: 2 };
  const withUnits = !options.includes("nounits");
  // The real header names the units also with `nounits`.
  const titles = names.map((name) => (fields[name]!.unit ? `${name} [${fields[name]!.unit}]` : name));
  const rows = gpus.map((gpu) => names.map((name) => valueOf(name, gpu, withUnits)));
  const lines = options.includes("noheader") ? rows : [titles, ...rows];
  return { output: lines.map((cells) => `${cells.join(", ")}\n`).join(""), code: 0 };
}

function valueOf(name: string, gpu: SimulatedGpu, withUnits: boolean): string {
  const field = fields[name]!;
  if (gpu.insteadOfValues !== null && !alwaysKnown.has(name)) return gpu.insteadOfValues;
  const value = field.read(gpu);
  return withUnits && field.unit && value !== unavailable ? `${value} ${field.unit}` : value;
}
