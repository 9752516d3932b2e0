import { join } from "node:path";
import type { Started } from "../testing/executable.ts";
import { atMost, type Finding } from "./report.ts";
import { threadTimes } from "./thread-times.ts";

/** One request may hold the event loop this long. Measured as work, not by the clock: every answer of a busy machine is late. */
const mostMs = 50;

type Attacked = Pick<Started, "url" | "pid">;

/** The longest that the server's event loop was held while `work` ran. */
export async function longestHold({ url, pid }: Attacked, work: () => Promise<unknown>): Promise<number> {
  const watch = Bun.spawn([process.execPath, join(import.meta.dir, "loop-watch.ts"), url, String(pid)], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  const lines = watch.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await lines.read();
  try {
    await work();
  } finally {
    await watch.stdin.end();
  }
  const { value } = await lines.read();
  await watch.exited;
  return Number(value);
}

/** For a request of many turns of the loop. */
export async function longestTurn(server: Attacked, name: string, work: () => Promise<unknown>): Promise<Finding> {
  return atMost(`${name}: event loop held`, await longestHold(server, work), mostMs, "ms");
}

/** For a request that is answered within a few turns: all of its work, the least of some rounds; what else is done meanwhile comes on top. */
export async function allWork({ pid }: Attacked, name: string, work: () => Promise<unknown>): Promise<Finding> {
  const rounds: number[] = [];
  for (let round = 0; round < 8; round++) {
    const before = threadTimes(pid).workedMs;
    await work();
    rounds.push(threadTimes(pid).workedMs - before);
  }
  return atMost(`${name}: event loop held (least of 8)`, Math.min(...rounds), mostMs, "ms");
}
