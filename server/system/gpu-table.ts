import type { Gpu } from "../contract/system.ts";

export const gpuFields = [
  "index", "uuid", "name", "memory.total", "memory.used", "utilization.gpu", "temperature.gpu", "power.draw", "power.limit",
] as const;
type GpuField = (typeof gpuFields)[number];

/**
 * Reads `nvidia-smi --query-gpu=… --format=csv`. Columns are found by the names in the header (`memory.used [MiB]`),
 * because NVIDIA promises neither their order nor that lines of warning stay away. Null when there is no such table.
 * A value that the driver does not know (`[N/A]`, `[Not Supported]`, `ERR!`) is null, never zero.
 */
export function readGpuTable(output: string): Gpu[] | null {
  const lines = output.split("\n").map((line) => line.trim());
  const headerAt = lines.findIndex((line) => columnsOf(line).has("index") && columnsOf(line).has("name"));
  if (headerAt < 0) return null;
  const columns = columnsOf(lines[headerAt]!);
  const gpus: Gpu[] = [];
  for (const line of lines.slice(headerAt + 1)) {
    const cells = line.split(", ");
    if (cells.length !== columns.size) continue;
    const cell = (field: GpuField) => cells[columns.get(field) ?? -1]?.trim() ?? "";
    const index = numberOf(cell("index"));
    if (index === null) continue;
    gpus.push({
      index, uuid: cell("uuid"), name: cell("name"),
      memoryTotalMib: numberOf(cell("memory.total")), memoryUsedMib: numberOf(cell("memory.used")),
      utilizationPercent: numberOf(cell("utilization.gpu")), temperatureC: numberOf(cell("temperature.gpu")),
      powerW: numberOf(cell("power.draw")), powerLimitW: numberOf(cell("power.limit")),
    });
  }
  return gpus;
}

function columnsOf(header: string): Map<string, number> {
  return new Map(header.split(",").map((name, index) => [name.replace(/\[.*\]/, "").trim(), index]));
}

/** `24564 MiB`, `3 %`, `20.50 W`, `35`. */
function numberOf(text: string): number | null {
  const match = /^(-?\d+(?:\.\d+)?)(?:\s|$)/.exec(text);
  return match ? Number(match[1]) : null;
}
