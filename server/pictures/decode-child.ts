import { PictureFault } from "./strip-plan.ts";
import type { DecodeEnd, DecodeTask } from "./apart.ts";
import { decodeHere } from "./decode.ts";

const lookEveryMs = 50;

/** The process of one decoding: `task` as JSON; prints its `DecodeEnd`. Ends with its parent, and where it holds more than `memoryBytes`. */
export async function decodeChild(task: string, memoryBytes: number): Promise<number> {
  void endWithParent();
  const watch = setInterval(() => {
    if (process.memoryUsage.rss() <= memoryBytes) return;
    print({ kind: "memory" });
    process.exit(0);
  }, lookEveryMs);
  print(await endOf(JSON.parse(task) as DecodeTask));
  clearInterval(watch);
  return 0;
}

async function endOf(task: DecodeTask): Promise<DecodeEnd> {
  try {
    return { kind: "made", made: await decodeHere(task) };
  } catch (error) {
    if (error instanceof PictureFault) return { kind: "fault", code: error.code, message: error.message };
    if (!(error instanceof Error)) throw error;
    return { kind: "error", code: "code" in error ? String(error.code) : "", message: error.message };
  }
}

/** Its input is open as long as the parent lives, however that ends. */
async function endWithParent(): Promise<void> {
  for await (const _ of Bun.stdin.stream());
  process.exit(1);
}

function print(end: DecodeEnd): void {
  process.stdout.write(JSON.stringify(end));
}
