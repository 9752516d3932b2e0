import { readFileSync } from "node:fs";

/** Of a process's main thread, by Linux's count: how long it ran, and how long it could have run and had no core. */
export function threadTimes(pid: number): { readonly workedMs: number; readonly waitedMs: number } {
  const [worked, waited] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ").map((text) => Number(text) / 1e6);
  return { workedMs: worked!, waitedMs: waited! };
}
