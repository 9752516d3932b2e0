import type { Gpu } from "../../contract/system.ts";

const basicFields = ["index", "uuid", "name", "memory.total", "memory.used", "utilization.gpu", "temperature.gpu", "power.draw", "power.limit"] as const;
const eccField = "ecc.errors.uncorrected.volatile.total";
/** A number with one bit for each reason; drivers before 535 know only the older name. Source: nvidia-smi --help-query-gpu. */
const reasonsFields = ["clocks_event_reasons.active", "clocks_throttle_reasons.active"] as const;

/** Tried in this order: a driver that does not know a field answers nothing at all. */
export const gpuQueries: readonly string[] = [
  ...reasonsFields.map((reasons) => [...basicFields, eccField, reasons].join(",")),
  basicFields.join(","),
];

/** What the program says to a field that it does not know, with exit code 2. */
export function isUnknownField(output: string): boolean {
  return /is not a valid field to query/i.test(output);
}

/** Bits that a person should know about. Idle and the usual power cap are left out: every GPU shows them. Source: nvml.h. */
const slowdowns: ReadonlyArray<readonly [bit: number, words: string]> = [
  [0x08, "its hardware protection"], [0x20, "heat"], [0x40, "heat"], [0x80, "its power supply"],
];

/** Cells that stand for a GPU which is gone although its row is still printed. */
const lostCell = /\[?(GPU is lost|Unknown Error|GPU requires reset)\]?/i;

/** What was read of one GPU. `lost`: the words of the tool for it, else empty. */
export type ReadGpu = Omit<Gpu, "fault"> & { readonly lost: string };

/**
 * Reads `nvidia-smi --query-gpu=… --format=csv`. Columns are found by the names in the header (`memory.used [MiB]`),
 * because NVIDIA promises neither their order nor that lines of warning stay away. Null when there is no such table.
 * A value that the driver does not know (`[N/A]`, `[Not Supported]`, `ERR!`) is null, never zero.
 */
export function readGpuTable(output: string): ReadGpu[] | null {
  const lines = output.split("\n").map((line) => line.trim());
  const headerAt = lines.findIndex((line) => columnsOf(line).has("index") && columnsOf(line).has("name"));
  if (headerAt < 0) return null;
  const columns = columnsOf(lines[headerAt]!);
  return lines.slice(headerAt + 1).map((line) => readRow(line, columns)).filter((gpu) => gpu !== null);
}

function readRow(line: string, columns: ReadonlyMap<string, number>): ReadGpu | null {
  const cells = line.split(", ");
  if (cells.length !== columns.size) return null;
  const cell = (field: string) => cells[columns.get(field) ?? -1]?.trim() ?? "";
  const index = numberOf(cell("index"));
  if (index === null) return null;
  return {
    index, uuid: cell("uuid"), name: cell("name"),
    memoryTotalMib: numberOf(cell("memory.total")), memoryUsedMib: numberOf(cell("memory.used")),
    utilizationPercent: numberOf(cell("utilization.gpu")), temperatureC: numberOf(cell("temperature.gpu")),
    powerW: numberOf(cell("power.draw")), powerLimitW: numberOf(cell("power.limit")),
    eccErrors: numberOf(cell(eccField)), slowedBy: slowedBy(reasonsFields.map(cell).find((text) => text !== "") ?? ""),
    lost: lostCell.exec(cells.join(" "))?.[1] ?? "",
  };
}

function slowedBy(text: string): string[] {
  const bits = /^0x[0-9a-f]{1,16}$/i.test(text) ? BigInt(text) : 0n;
  return [...new Set(slowdowns.filter(([bit]) => (bits & BigInt(bit)) !== 0n).map(([, words]) => words))];
}

function columnsOf(header: string): Map<string, number> {
  return new Map(header.split(",").map((name, index) => [name.replace(/\[.*\]/, "").trim(), index]));
}

/** `24564 MiB`, `3 %`, `20.50 W`, `35`. */
function numberOf(text: string): number | null {
  const match = /^(-?\d+(?:\.\d+)?)(?:\s|$)/.exec(text);
  return match ? Number(match[1]) : null;
}
