import { AppError } from "../base/errors.ts";

export interface StreamLimits {
  /** How long the sender may be silent. */
  readonly idleMs: number;
  /** Ends the stream from our side; its reason is thrown. */
  readonly signal?: AbortSignal;
}

export const bodyIdleMs = 60_000;

/**
 * Passes a request's body on and gives it up when nothing comes any more: a connection that died without a word would
 * hold its upload for ever.
 */
export async function* liveStream(body: AsyncIterable<Uint8Array>, limits: StreamLimits): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await nextWithin(chunks, limits);
      if (done) {
        ended = true;
        return;
      }
      yield value;
    }
  } finally {
    if (!ended) {
      chunks.return?.().catch(() => {
        // The sender is gone already; there is nothing left to close.
      });
    }
  }
}

async function nextWithin(chunks: AsyncIterator<Uint8Array>, limits: StreamLimits): Promise<IteratorResult<Uint8Array>> {
  const { promise: refused, reject } = Promise.withResolvers<never>();
  const stop = () => reject(limits.signal?.reason);
  const timer = setTimeout(() => {
    reject(new AppError("request_timeout", "The request stopped in the middle.", { why: `Nothing came for ${limits.idleMs / 1000} s.` }));
  }, limits.idleMs);
  limits.signal?.addEventListener("abort", stop, { once: true });
  if (limits.signal?.aborted) stop();
  try {
    return await Promise.race([chunks.next(), refused]);
  } finally {
    clearTimeout(timer);
    limits.signal?.removeEventListener("abort", stop);
  }
}
