import { readFileSync } from "node:fs";

/** What the kernel tells about memory at one moment, as far as this process may see it. */
export interface MemoryReading {
  /** Processes killed for want of memory since the control group or the machine began; only a rise means something. */
  readonly oomKills: number;
  /** What can still be had, on the machine or within our control group, whichever is less; null: not told. */
  readonly availableBytes: number | null;
  readonly totalBytes: number | null;
}

/** Text of a file of the kernel, "" where it cannot be read. Injected by tests. */
export type ReadKernelFile = (path: string) => string;

/**
 * Reads the counter of our own control group where there is one, since the machine's also counts what other containers
 * on it lose. Version 2 of control groups first, then version 1, then the machine. All zero and null where nothing is told.
 */
export function readMemory(read: ReadKernelFile = readKernelFile): MemoryReading {
  const group = findGroup(read);
  const machine = read("/proc/meminfo");
  const total = kilobytes(machine, "MemTotal");
  const available = kilobytes(machine, "MemAvailable");
  const room = group === null ? null : roomOf(group, read, total);
  const isTighter = room !== null && (available === null || room.left < available);
  return {
    oomKills: number(/^oom_kill (\d+)$/m, group?.events ?? read("/proc/vmstat")) ?? 0,
    availableBytes: isTighter ? room.left : available,
    totalBytes: isTighter ? room.limit : total,
  };
}

interface Group {
  readonly dir: string;
  readonly events: string;
  readonly files: { readonly limit: string; readonly usage: string; readonly reclaimable: RegExp };
}

const versions = [
  {
    line: /^0::(\/.*)$/m, root: "/sys/fs/cgroup", events: "memory.events",
    files: { limit: "memory.max", usage: "memory.current", reclaimable: /^inactive_file (\d+)$/m },
  },
  {
    line: /^\d+:(?:[^:\n]*,)?memory(?:,[^:\n]*)?:(\/.*)$/m, root: "/sys/fs/cgroup/memory", events: "memory.oom_control",
    files: { limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes", reclaimable: /^total_inactive_file (\d+)$/m },
  },
];

/** In a container our group's path may be that of the host, while its files lie at the root of the mount. */
function findGroup(read: ReadKernelFile): Group | null {
  const own = read("/proc/self/cgroup");
  for (const { line, root, events, files } of versions) {
    const path = line.exec(own)?.[1];
    if (path === undefined) continue;
    for (const dir of [`${root}${path === "/" ? "" : path}`, root]) {
      const text = read(`${dir}/${events}`);
      if (/^oom_kill \d+$/m.test(text)) return { dir, events: text, files };
    }
  }
  return null;
}

/** null where the group has no limit of its own. Pages of files that can be dropped at any time count as free. */
function roomOf({ dir, files }: Group, read: ReadKernelFile, total: number | null): { left: number; limit: number } | null {
  const limit = number(/^(\d+)$/m, read(`${dir}/${files.limit}`));
  const usage = number(/^(\d+)$/m, read(`${dir}/${files.usage}`));
  if (limit === null || usage === null || (total !== null && limit >= total)) return null;
  return { left: Math.max(0, limit - usage + (number(files.reclaimable, read(`${dir}/memory.stat`)) ?? 0)), limit };
}

function kilobytes(text: string, field: string): number | null {
  const found = number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m"), text);
  return found === null ? null : found * 1024;
}

function number(pattern: RegExp, text: string): number | null {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}

function readKernelFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // not Linux, or hidden from us: then there is no evidence
  }
}
