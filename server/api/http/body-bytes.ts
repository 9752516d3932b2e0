import { AppError } from "../../base/errors.ts";
import { liveStream } from "../../files/live-stream.ts";
import { limitText, passedBytes } from "./body-limits.ts";

/** Between two pieces of a body, and for all of it: a request of some kilobytes needs a second on the slowest line. */
export interface Patience {
  readonly idleMs: number;
  readonly totalMs: number;
}

export interface Waiting extends Patience {
  /** Aborted when the body has to make room for others. */
  readonly signal?: AbortSignal;
}

export const patience = {
  /** Nobody knows yet who asks. */
  stranger: { idleMs: 5_000, totalMs: 10_000 },
  known: { idleMs: 20_000, totalMs: 90_000 },
} as const satisfies Record<string, Patience>;

/**
 * All bytes of a body, counted while they come: what it says of its own length decides nothing. Throws AppError where it is larger
 * than `limit`, encoded, or does not arrive in time.
 */
export async function bodyBytes(request: Request, limit: number, { idleMs, totalMs, signal }: Waiting): Promise<Uint8Array> {
  assertPlain(request);
  if (request.body === null) return new Uint8Array();
  const late = AbortSignal.timeout(totalMs);
  const end = signal === undefined ? late : AbortSignal.any([late, signal]);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of liveStream(request.body, { idleMs, signal: end })) {
      size += chunk.length;
      if (size > limit + passedBytes) break;
      if (size > limit) chunks.length = 0;
      else chunks.push(chunk);
    }
  } catch (error) {
    if (size > limit) throw tooLarge(limit);
    if (signal?.aborted === true && !(error instanceof AppError)) throw tooMany();
    if (late.aborted && !(error instanceof AppError)) throw tooSlow(totalMs);
    throw error;
  }
  if (size > limit) throw tooLarge(limit);
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/** Passes a body on and ends it with an error once it is larger than its path may be. */
export async function* counted(body: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    yield chunk;
  }
}

export function tooLarge(limit: number): AppError {
  return new AppError("too_large", `The request's body is larger than the ${limitText(limit)} that are accepted here.`);
}

/** Nothing here unpacks: a small body could become any size. */
function assertPlain(request: Request): void {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding === "identity" || encoding === "") return;
  throw new AppError("unsupported_media", "The request's body is compressed.", {
    why: `Its Content-Encoding is ${encoding.slice(0, 40)}.`, fix: "Send it as it is, without Content-Encoding.",
  });
}

function tooMany(): AppError {
  return new AppError("too_many_requests", "The request's body did not arrive before others came.", { why: "Too many requests were half sent.", fix: "Send it again, all at once." });
}

function tooSlow(ms: number): AppError {
  return new AppError("request_timeout", "The request's body did not arrive in time.", { why: `It may take ${Math.round(ms / 1000)} s.` });
}
