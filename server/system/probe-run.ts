import { baseEnvironment } from "../process/environment.ts";
import { withLimit } from "../base/wait.ts";

export type ProbeOutcome =
  | { readonly kind: "ended"; readonly code: number; readonly stdout: string; readonly stderr: string }
  /** The program does not exist or may not be run. */
  | { readonly kind: "absent" }
  /** Killed at the deadline; whether it really ended tells `hasEnded`. */
  | { readonly kind: "late" };

export interface ProbeRun {
  readonly outcome: Promise<ProbeOutcome>;
  readonly hasEnded: boolean;
  kill(): void;
}

const outputLimit = 256 * 1024;

/**
 * Runs a short program that answers a question, in its own process group, without a shell. At the deadline the group
 * is killed and the outcome given at once: a program stuck in its driver does not end even by SIGKILL.
 */
export function runProbe(command: readonly string[], env: Readonly<Record<string, string>>, deadlineMs: number): ProbeRun {
  let child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  try {
    child = Bun.spawn([...command], { env: { ...baseEnvironment(), ...env }, stdin: "ignore", stdout: "pipe", stderr: "pipe", detached: true });
  } catch {
    return { outcome: Promise.resolve({ kind: "absent" }), hasEnded: true, kill: () => undefined };
  }
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  // The number of an ended program may already belong to another.
  const kill = () => {
    if (!hasEnded()) killGroup(child.pid);
  };
  return {
    outcome: outcomeOf(child, deadlineMs, kill),
    get hasEnded() {
      return hasEnded();
    },
    kill,
  };
}

async function outcomeOf(child: Bun.Subprocess<"ignore", "pipe", "pipe">, deadlineMs: number, kill: () => void): Promise<ProbeOutcome> {
  const stopReading = new AbortController();
  const ended = Promise.all([readUpTo(child.stdout, stopReading.signal), readUpTo(child.stderr, stopReading.signal), child.exited])
    .then(([stdout, stderr, code]): ProbeOutcome => ({ kind: "ended", code, stdout, stderr }));
  const outcome = await withLimit<ProbeOutcome>(ended, deadlineMs, () => ({ kind: "late" }));
  if (outcome.kind === "late") {
    kill();
    stopReading.abort();
  }
  return outcome;
}

/** Reads on beyond the limit, so that the program never waits, but keeps nothing of it. */
async function readUpTo(stream: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  signal.addEventListener("abort", () => void reader.cancel().catch(() => undefined));
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    if (text.length < outputLimit) text += decoder.decode(value, { stream: true });
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The whole group has already ended.
  }
}
