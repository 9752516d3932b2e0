import type { ServiceHandle } from "../../plugin.ts";
import { ComfyUnreachable, type ComfyClient } from "../protocol/client.ts";
import type { PromptEnd } from "../protocol/history.ts";
import type { GenerationLimits } from "./limits.ts";
import { locate } from "./submit.ts";
import type { Bell } from "./wait.ts";

export type Watched =
  | { readonly kind: "ended"; readonly end: PromptEnd }
  /** In neither queue nor history, twice: ComfyUI knows nothing of it and never will. */
  | { readonly kind: "lost" }
  /** The instance that had it is gone, and with it queue and history. */
  | { readonly kind: "gone" }
  | { readonly kind: "cancelled" }
  | { readonly kind: "stuck"; readonly why: string };

export interface WatchOptions {
  readonly client: ComfyClient;
  readonly promptId: string;
  readonly handle: ServiceHandle;
  readonly cancelled: AbortSignal;
  readonly limits: GenerationLimits;
  /** Rung when the socket says that the prompt is over. */
  readonly bell: Bell;
  /** When the socket last told something about this prompt; null while it cannot. */
  readonly lastEvent: () => number | null;
}

/** Waits for the end of a submitted prompt. Only the history ends it; the socket just makes us look earlier. */
export async function watchPrompt(options: WatchOptions): Promise<Watched> {
  const { client, promptId, handle, cancelled, limits, bell } = options;
  const begun = performance.now();
  let answered = begun;
  let missedAt: number | null = null;
  for (;;) {
    if (cancelled.aborted) return { kind: "cancelled" };
    if (handle.gone.aborted) return { kind: "gone" };
    try {
      const end = await client.history(promptId);
      if (end) return { kind: "ended", end };
      const place = await locate(client, promptId);
      answered = performance.now();
      if (place === "ended") continue;
      if (place !== "absent") missedAt = null;
      else if (missedAt === null) missedAt = answered;
      else if (answered - missedAt >= limits.lostGapMs) return { kind: "lost" };
      if (place === "running" && isStalled(options, begun)) return { kind: "stuck", why: "It made no progress for a long time." };
    } catch (error) {
      if (!(error instanceof ComfyUnreachable)) throw error;
      if (performance.now() - answered > limits.unreachableMs) return { kind: "stuck", why: "It stopped answering." };
    }
    const quiet = options.lastEvent() === null || missedAt !== null;
    await bell.wait(quiet ? limits.pollWithoutSocketMs : limits.pollMs, cancelled, handle.gone);
  }
}

function isStalled({ lastEvent, limits }: WatchOptions, begun: number): boolean {
  const last = lastEvent();
  return last === null
    ? performance.now() - begun > limits.stallWithoutSocketMs
    : performance.now() - Math.max(last, begun) > limits.stallMs;
}

const cancelPauseMs = 250;

export type Cancelled =
  /** It may also have finished meanwhile. */
  | { readonly kind: "ended"; readonly end: PromptEnd }
  /** It was removed before it began, or its instance is gone. */
  | { readonly kind: "removed" }
  /** A ComfyUI elsewhere did not react; it may still be busy with it. */
  | { readonly kind: "unconfirmed" };

/**
 * Stops one prompt and nothing else, and waits until ComfyUI says so. Our own ComfyUI is restarted when it does not
 * react within the limit, the only way left to free the card; one that we are attached to cannot be restarted.
 */
export async function cancelPrompt(
  client: ComfyClient, promptId: string, handle: ServiceHandle, limits: GenerationLimits,
): Promise<Cancelled> {
  const deadline = performance.now() + limits.cancelMs;
  let absences = 0;
  while (performance.now() < deadline && !handle.gone.aborted) {
    try {
      await client.cancel(promptId);
      const end = await client.history(promptId);
      if (end) return { kind: "ended", end };
      // A prompt that was deleted while it waited leaves no history; two looks rule out the moment between both lists.
      absences = (await locate(client, promptId)) === "absent" ? absences + 1 : 0;
      if (absences === 2) return { kind: "removed" };
    } catch (error) {
      if (!(error instanceof ComfyUnreachable)) throw error;
    }
    await Bun.sleep(cancelPauseMs);
  }
  if (handle.gone.aborted) return { kind: "removed" };
  if (handle.dir === null) return { kind: "unconfirmed" };
  await handle.restart("It did not stop a picture that was cancelled.");
  return { kind: "removed" };
}
