import { join } from "node:path";
import type { PhotoChange } from "../contract/character.ts";
import { baseEnvironment } from "../process/environment.ts";
import type { Orientation } from "./exif.ts";
import type { PictureFormat } from "./kind.ts";
import { damaged, PictureFault } from "./strip-plan.ts";

/** What one decoding makes: a thumbnail under `target`, or the plain picture under `target`, which nobody else uses. */
export interface DecodeTask {
  readonly kind: "thumbnail" | "plain";
  readonly path: string;
  readonly format: PictureFormat;
  readonly orientation: Orientation;
  readonly target: string;
}

/** The plain picture that was written; null: nothing was. */
export type Decoded = { readonly format: "jpeg" | "png"; readonly changes: PhotoChange[] } | null;

/** What the process prints when it ends by itself. `code`: of the decoder. */
export type DecodeEnd =
  | { readonly kind: "made"; readonly made: Decoded }
  | { readonly kind: "memory" }
  | { readonly kind: "fault"; readonly code: PictureFault["code"]; readonly message: string }
  | { readonly kind: "error"; readonly code: string; readonly message: string };

export interface DecodeLimits {
  readonly timeMs: number;
  readonly memoryBytes: number;
}

/** The largest picture that is accepted takes some 20 s of one core and 800 MB where each of its colours has to be turned. */
export const decodeLimits: DecodeLimits = { timeMs: 60_000, memoryBytes: 1_200_000_000 };

const program = Bun.isStandaloneExecutable ? [process.execPath] : [process.execPath, join(import.meta.dir, "../main.ts")];
const wayOut = "the limit for one photo. Make it smaller, or save it again as JPEG in sRGB, then add that.";

/**
 * Decodes in a process of its own, since nothing else can end a decoder that is at work. Throws `PictureFault` at a limit, the decoder's
 * error with its `code`, and the reason of `signal` where the sender left. The process is gone when this returns or throws.
 */
export async function decodeApart(task: DecodeTask, signal?: AbortSignal, limits = decodeLimits): Promise<Decoded> {
  signal?.throwIfAborted();
  const timeout = AbortSignal.timeout(limits.timeMs);
  // The open input tells the process that this one lives: it ends where the input does.
  const child = Bun.spawn([...program, "decode", JSON.stringify(task), String(limits.memoryBytes)], {
    cwd: "/", env: baseEnvironment(), stdin: "pipe", stdout: "pipe", stderr: "ignore",
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]), killSignal: "SIGKILL",
  });
  const [text] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  await child.stdin.end();
  signal?.throwIfAborted();
  if (timeout.aborted) throw new PictureFault(`takes longer than ${limits.timeMs / 1000} seconds to read, ${wayOut}`, "too_large");
  return madeOf(endOf(text, child.signalCode === "SIGKILL"), limits);
}

/** A process that another one killed was killed for want of memory; one that fell did so over the picture. */
function endOf(text: string, wasKilled: boolean): DecodeEnd {
  if (text !== "") return JSON.parse(text) as DecodeEnd;
  return wasKilled ? { kind: "memory" } : { kind: "fault", code: "damaged", message: damaged };
}

function madeOf(end: DecodeEnd, { memoryBytes }: DecodeLimits): Decoded {
  switch (end.kind) {
    case "made":
      return end.made;
    case "memory":
      throw new PictureFault(`needs more memory to read than there is or than ${(memoryBytes / 1e6).toLocaleString("en")} MB, ${wayOut}`, "too_large");
    case "fault":
      throw new PictureFault(end.message, end.code);
    case "error":
      throw Object.assign(new Error(end.message), { code: end.code });
  }
}
