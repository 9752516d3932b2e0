import type { ProbeResult } from "../../plugins/plugin.ts";
import type { Clock } from "./clock.ts";

/** How often a tool that starts is asked. */
export const probeEveryMs = 500;
/** A tool that takes longer to answer one question counts as not answering. */
export const probeLimitMs = 5_000;

/**
 * Asks until the tool is ready, the deadline passes or `signal` aborts; the last answer is given back. A probe that
 * throws or hangs is an answer "not ready" with the reason.
 */
export async function waitUntilReady(options: {
  probe(): Promise<ProbeResult>;
  deadlineMs: number;
  signal: AbortSignal;
  clock: Clock;
}): Promise<ProbeResult> {
  const { clock, signal } = options;
  const end = clock.now() + options.deadlineMs;
  for (;;) {
    const result = await ask(options.probe);
    if (result.ready || signal.aborted || clock.now() >= end) return result;
    await clock.sleep(probeEveryMs, signal);
  }
}

export async function ask(probe: () => Promise<ProbeResult>): Promise<ProbeResult> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<ProbeResult>((resolve) => {
    timer = setTimeout(() => resolve({ ready: false, why: `It did not answer within ${probeLimitMs / 1000} s.` }), probeLimitMs);
  });
  try {
    return await Promise.race([probe(), late]);
  } catch (error) {
    return { ready: false, why: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
