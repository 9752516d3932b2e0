import type { ParameterValues } from "../../../server/contract/backend.ts";
import type { KnownFailure } from "../../../server/contract/job.ts";
import { placeOf } from "../../../server/shared/setting-words.ts";
import type { TrainingOutcome } from "../../interfaces/training.ts";
import type { ExitOutcome } from "../../plugin.ts";
import { diagnose, isGpuFault } from "./failures.ts";
import type { LoraCheck } from "./final-file.ts";

export interface Evidence {
  readonly exit: ExitOutcome;
  /** The user asked for a stop before the child ended. */
  readonly stopWanted: boolean;
  readonly final: LoraCheck;
  readonly steps: number;
  readonly lines: readonly string[];
  readonly tail: string[];
  /** Settings of the job, for advice that fits; none: only general advice. */
  readonly values?: ParameterValues;
  /** Set when the last fifth of its steps had no usable loss: a complete file is then no success. */
  readonly ruined?: Omit<KnownFailure, "tail"> | null;
  /** Set when we stopped it because the loss had broken down. */
  readonly diverged?: Omit<KnownFailure, "tail"> | null;
}

export interface Decision {
  readonly outcome: TrainingOutcome;
  /** A sentence for the person when it ended well but not cleanly. */
  readonly remark: string | null;
}

/** A crash is only laid to what was said this shortly before it. */
const lastWords = 15;
const crashSignals: ReadonlySet<string> = new Set(["SIGSEGV", "SIGABRT", "SIGILL", "SIGBUS", "SIGFPE"]);
const signalNumbers: Readonly<Record<number, string>> = {
  129: "SIGHUP", 130: "SIGINT", 132: "SIGILL", 134: "SIGABRT", 135: "SIGBUS", 137: "SIGKILL", 139: "SIGSEGV", 143: "SIGTERM",
};

/**
 * Believes files, not exit codes: AI-Toolkit ends with 0 after a stop too. A stop that we asked for wins over
 * everything, because the person wants it to be over; after that a complete final file is a success. A failure only says
 * its class; whether it is tried again is for the queue to decide.
 */
export function decide(evidence: Evidence): Decision {
  const { exit, final } = evidence;
  const stopped = exit.kind !== "not-started" && exit.stopped;
  if (stopped || (evidence.stopWanted && !final.complete)) return plain({ kind: "stopped" });
  if (final.complete && evidence.ruined) return plain({ kind: "failed", failure: { ...evidence.ruined, tail: evidence.tail } });
  if (final.complete) return success(evidence, final.file.path, final.file.rank, final.file.baseModel);
  if (evidence.diverged) return plain({ kind: "failed", failure: { ...evidence.diverged, tail: evidence.tail } });
  switch (exit.kind) {
    case "not-started":
      return plain({ kind: "failed", failure: { what: "AI-Toolkit could not be started.", why: exit.why, tail: evidence.tail, ...notStarted(exit.passing === true) } });
    case "lost": return plain({ kind: "interrupted", why: `The training's process was lost: ${exit.why}` });
    case "signalled": return signalled(evidence, exit.signal, exit.outOfMemory);
    case "exited": {
      const signal = signalNumbers[exit.code];
      return signal === undefined ? exited(evidence, exit.code) : signalled(evidence, signal, exit.outOfMemory);
    }
  }
}

function notStarted(isPassing: boolean): Pick<KnownFailure, "code" | "fix"> {
  if (isPassing) return { code: "short_supply", fix: "Train again when other programs of this machine have ended." };
  return { code: "install", fix: `Check AI-Toolkit's folder (${placeOf("aiToolkitDir")}) and Python (${placeOf("aiToolkitPython")}).` };
}

function success(evidence: Evidence, loraFile: string, rank: number | null, baseModel: string): Decision {
  const clean = evidence.exit.kind === "exited" && evidence.exit.code === 0;
  return {
    outcome: { kind: "succeeded", loraFile, steps: evidence.steps, rank, baseModel },
    remark: clean ? null : "The LoRA is complete, but AI-Toolkit ended with an error afterwards, so the last sample pictures may be missing.",
  };
}

function exited(evidence: Evidence, code: number): Decision {
  const said = evidence.lines.join("\n");
  if (/Error running job: Job returning to queue/.test(said)) {
    return plain({ kind: "interrupted", why: "The training was sent back to the queue from outside." });
  }
  if (/Error running job: Job stopped/.test(said) || (code === 0 && /^Job stopped$/m.test(said))) {
    return plain({ kind: "interrupted", why: "The training was stopped from outside Isengard." });
  }
  if (code === 0) {
    const why = evidence.final.complete ? "" : evidence.final.why;
    return plain({ kind: "failed", failure: {
      code: "ended_without_result", what: "The training ended without a usable LoRA.",
      why: `AI-Toolkit reported no error. The final file: ${why}`,
      fix: "Train again. If it happens again, look at the log.", tail: evidence.tail,
    } });
  }
  return plain({ kind: "failed", failure: diagnose(evidence.lines, evidence.tail, evidence.values) });
}

function signalled(evidence: Evidence, signal: string, outOfMemory: string | undefined): Decision {
  if (signal === "SIGKILL" && outOfMemory !== undefined) return plain({ kind: "failed", failure: {
    code: "host_oom", what: "The machine ran out of memory, so the training was ended.", tail: evidence.tail, why: outOfMemory,
    fix: "Close other programs or use a machine with more memory (64 GB or more for FLUX.1), then train again.",
  } });
  if (signal === "SIGKILL") return plain({ kind: "failed", failure: {
    code: "killed", what: "The training was killed from outside.", tail: evidence.tail,
    why: "Another program or a person ended it with SIGKILL; nothing tells that memory had run out.",
    fix: "Look at what stops programs on this machine (a job scheduler, a limit, a script), then train again.",
  } });
  if (crashSignals.has(signal) && isGpuFault(evidence.lines.slice(-lastWords))) return plain({ kind: "failed", failure: diagnose(evidence.lines.slice(-lastWords), evidence.tail) });
  if (crashSignals.has(signal)) return plain({ kind: "failed", failure: {
    code: "native_crash", what: "The training crashed.", tail: evidence.tail,
    why: `Python or a GPU library crashed (${signal}).`,
    fix: "Update the GPU driver and AI-Toolkit's packages, or train on another machine.",
  } });
  return plain({ kind: "interrupted", why: `The training was ended from outside (${signal}).` });
}

function plain(outcome: TrainingOutcome): Decision {
  return { outcome, remark: null };
}
