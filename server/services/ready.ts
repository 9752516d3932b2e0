import type { ProbeResult } from "../../plugins/plugin.ts";
import { type Clock, withLimit } from "../base/wait.ts";

/** How often a tool that starts is asked. */
const probeEveryMs = 500;
/** A tool whose start goes on visibly may take this many times its deadline, but not for ever. */
const hardLimitFactor = 5;
/** A tool that takes longer to answer one question counts as not answering. */
const probeLimitMs = 5_000;

/**
 * Asks until the tool is ready, nothing moves for `deadlineMs`, the hard limit passes or `signal` aborts; the last answer
 * is given back. A new line of output or another answer is a move: a slow disk is no reason to give up. A probe that
 * throws or hangs is an answer "not ready" with the reason.
 */
export async function waitUntilReady(options: {
  probe(): Promise<ProbeResult>;
  /** Grows with the tool's output. */
  printed(): number;
  deadlineMs: number;
  signal: AbortSignal;
  clock: Clock;
}): Promise<ProbeResult> {
  const { clock, signal, deadlineMs } = options;
  const hardEnd = clock.now() + deadlineMs * hardLimitFactor;
  const answers = new Set<string>();
  let end = clock.now() + deadlineMs;
  let printed = options.printed();
  for (;;) {
    const result = await ask(options.probe);
    if (result.ready || signal.aborted) return result;
    // Only an answer that was never given before: two that take turns are no progress.
    const moved = options.printed() > printed || (answers.size > 0 && !answers.has(result.why));
    if (answers.size < maxAnswers) answers.add(result.why);
    printed = options.printed();
    if (moved) end = clock.now() + deadlineMs;
    if (clock.now() >= Math.min(end, hardEnd)) return result;
    await clock.sleep(probeEveryMs, signal);
  }
}

const maxAnswers = 1_000;

export async function ask(probe: () => Promise<ProbeResult>): Promise<ProbeResult> {
  try {
    return await withLimit(probe(), probeLimitMs, () => ({ ready: false, why: `It did not answer within ${probeLimitMs / 1000} s.` }));
  } catch (error) {
    return { ready: false, why: error instanceof Error ? error.message : String(error) };
  }
}
