import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "./wait.ts";

export interface MemoryGroup {
  /** The words that run a program inside of it. */
  inside(command: readonly string[]): string[];
  /** Once nothing runs in it any more. */
  remove(): Promise<void>;
}

const roots = [
  { dir: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes", swap: "memory.memsw.limit_in_bytes" },
  { dir: "/sys/fs/cgroup", limit: "memory.max", swap: "memory.swap.max" },
];

/** A real control group with little memory, of version 1 or 2; null where none may be made. */
export function memoryGroup(limitBytes: number): MemoryGroup | null {
  for (const { dir, limit, swap } of roots) {
    if (!existsSync(join(dir, "cgroup.procs"))) continue;
    const path = join(dir, `isengard-test-${crypto.randomUUID().slice(0, 8)}`);
    try {
      mkdirSync(path);
    } catch {
      continue; // not allowed here
    }
    try {
      writeFileSync(join(path, limit), String(limitBytes));
      if (existsSync(join(path, swap))) writeFileSync(join(path, swap), swap.includes("memsw") ? String(limitBytes) : "0");
    } catch {
      tryRemove(path);
      continue; // the memory of this group is not limited by the kernel's choice
    }
    return {
      inside: (command) => ["/bin/sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', path, ...command],
      remove: async () => void (await waitFor("the control group is empty", () => tryRemove(path))),
    };
  }
  return null;
}

function tryRemove(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    return false; // somebody is still in it
  }
}
