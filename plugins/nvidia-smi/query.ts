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
}

interface Field {
  readonly unit?: string;
  read(gpu: SimulatedGpu): string;
}

const unavailable = "[N/A]";

/** Those that Isengard and AI-Toolkit's own page ask for. A GeForce card has no ECC, so that says [N/A]. */
const fields: Readonly<Record<string, Field>> = {
  index: { read: (gpu) => String(gpu.index) },
  count: { read: () => "1" },
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
  "ecc.errors.uncorrected.volatile.total": { read: () => unavailable },
};

/** `--query-gpu=a,b --format=csv[,noheader][,nounits]`, with the text and exit code of the real program. */
export function answerQuery(query: string, format: string, gpu: SimulatedGpu): { output: string; code: number } {
  const options = format.split(",").map((option) => option.trim());
  const names = query.split(",").map((name) => name.trim());
  if (!options.includes("csv") || options.some((option) => !["csv", "noheader", "nounits"].includes(option))) {
    return { output: `"${format}" is not a valid format.\n`, code: 2 };
  }
  const unknown = names.find((name) => !Object.hasOwn(fields, name));
  if (unknown !== undefined) return { output: `Field "${unknown}" is not a valid field to query.\n\n`, code: 2 };
  const withUnits = !options.includes("nounits");
  // The real header names the units also with `nounits`.
  const titles = names.map((name) => (fields[name]!.unit ? `${name} [${fields[name]!.unit}]` : name));
  const values = names.map((name) => valueOf(fields[name]!, gpu, withUnits));
  const lines = options.includes("noheader") ? [values] : [titles, values];
  return { output: lines.map((cells) => `${cells.join(", ")}\n`).join(""), code: 0 };
}

function valueOf(field: Field, gpu: SimulatedGpu, withUnits: boolean): string {
  const value = field.read(gpu);
  return withUnits && field.unit && value !== unavailable ? `${value} ${field.unit}` : value;
}
