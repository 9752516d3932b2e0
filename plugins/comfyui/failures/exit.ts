import type { KnownFailure } from "../../../server/contract/job.ts";
import type { ExitOutcome } from "../../plugin.ts";
import type { FailureCode } from "../../../server/shared/failure-codes.ts";
import { placeOf } from "../../../server/shared/setting-words.ts";

/** Lines of its output that go with the failure. */
const tailLines = 30;
/** A crash is only laid to what was said this shortly before it; earlier lines are from work that it got over. */
const lastWords = 15;
const exceptionLimit = 300;

interface Cause {
  readonly code: FailureCode;
  readonly why: string;
  readonly fix: string;
}

interface ExitRule extends Cause {
  readonly pattern: RegExp;
  /** Only meant for the exception that ended it, since packs of nodes that fail to load say the same and it goes on. */
  readonly last?: boolean;
}

const requirements = "Install ComfyUI's requirements.txt into its Python environment.";
const gpuRule: ExitRule = {
  pattern: /device-side assert|illegal memory access|GPU is lost|fallen off the bus|uncorrectable ECC error|unspecified launch failure|\bXid\b|no CUDA-capable device|No CUDA GPUs are available|Found no NVIDIA driver/i,
  code: "gpu_fault", why: "The graphics card reported a fault or was not found.",
  fix: "Look at nvidia-smi on this machine. Restart the machine; if it happens again, check the card and its driver.",
};
const vramRule: ExitRule = {
  pattern: /OutOfMemoryError|CUDA out of memory|CUDA error: out of memory/i, code: "vram", why: "The graphics card ran out of memory.",
  fix: "Close other programs that use the card, choose a smaller size, or use an fp8 version of the model.",
};

/** The last lines of a dead ComfyUI in words. Lines come with colours; the patterns do not mind. Seen with 0.3.64 and 0.33.0 on Linux. */
const exitRules: readonly ExitRule[] = [
  {
    pattern: /address already in use|Errno 98|port \d+ is already in use/i, code: "port",
    why: "Another program took ComfyUI's port while it started.", fix: "Nothing needs to be done: the next start takes another port.",
  },
  {
    pattern: /database is locked/i, code: "config", why: "Another ComfyUI uses the same database file.", fix: "Stop the other one first.",
  },
  {
    pattern: /unrecognized arguments|error: argument/i, code: "config",
    why: "This version of ComfyUI does not know one of the options that Isengard passes.", fix: "Use version 0.3.57 or newer.",
  },
  {
    pattern: /comfyui-frontend-package is not installed/i, code: "install", why: "ComfyUI's page package is missing.", fix: requirements,
  },
  {
    pattern: /^(?:ModuleNotFoundError|ImportError)/, code: "install", why: "A Python package that ComfyUI needs is missing.",
    fix: requirements, last: true,
  },
  { pattern: /No space left on device/i, code: "disk_full", why: "The disk is full.", fix: "Free some space; then it is started again." },
  gpuRule,
  {
    pattern: /Torch not compiled with CUDA|CUDA driver version is insufficient|NVIDIA driver on your system is too old/i, code: "install",
    why: "PyTorch cannot use the graphics card.", fix: "Install the PyTorch build that matches the NVIDIA driver.",
  },
  vramRule,
];

const crashSignals: ReadonlySet<string> = new Set(["SIGSEGV", "SIGABRT", "SIGILL", "SIGBUS", "SIGFPE"]);
/** How a shell tells the signal that ended what it ran. */
const signalCodes: Readonly<Record<number, string>> = {
  129: "SIGHUP", 130: "SIGINT", 132: "SIGILL", 134: "SIGABRT", 135: "SIGBUS", 136: "SIGFPE", 137: "SIGKILL", 139: "SIGSEGV", 143: "SIGTERM",
};
const startAgain = "It is started again when it is needed.";

/**
 * Why ComfyUI ended. A signal comes first: the lines before it are from ordinary work, and an ordinary start already
 * names packages that are optional or could not be imported.
 */
export function explainExit(outcome: ExitOutcome, tail: readonly string[]): KnownFailure {
  const { code, why, fix } = causeOf(outcome, tail);
  return { code, what: "ComfyUI ended by itself.", why, fix, tail: tail.slice(-tailLines).map((line) => Bun.stripANSI(line)) };
}

function causeOf(outcome: ExitOutcome, tail: readonly string[]): Cause {
  if (outcome.kind === "not-started") {
    const why = `ComfyUI could not be started: ${outcome.why}`;
    if (outcome.passing === true) return { code: "short_supply", why, fix: startAgain };
    return { code: "install", why, fix: `Check ComfyUI's folder (${placeOf("comfyuiDir")}) and Python (${placeOf("comfyuiPython")}).` };
  }
  if (outcome.kind === "lost") return { code: "interrupted", why: `ComfyUI vanished: ${outcome.why}`, fix: startAgain };
  if (outcome.stopped) return { code: "interrupted", why: "ComfyUI was stopped.", fix: startAgain };
  const signal = outcome.kind === "signalled" ? outcome.signal : signalCodes[outcome.code];
  if (signal !== undefined) return signalled(signal, outcome.outOfMemory, tail);
  const said = lastException(tail);
  const rule = exitRules.find(({ pattern, last }) => (last === true ? pattern.test(said ?? "") : tail.some((line) => pattern.test(line))));
  if (rule) return rule.last === true ? { ...rule, why: `${rule.why} It said: “${said}”.` } : rule;
  const exitCode = outcome.kind === "exited" ? outcome.code : 0;
  return {
    code: "unknown", why: `ComfyUI ended with exit code ${exitCode}. ${said === null ? "Its last lines are in the log." : `It said: “${said}”.`}`,
    fix: "Read its last lines; they name the cause in ComfyUI's own words.",
  };
}

function signalled(signal: string, outOfMemory: string | undefined, tail: readonly string[]): Cause {
  if (signal === "SIGKILL" && outOfMemory !== undefined) {
    return { code: "host_oom", why: outOfMemory, fix: "Close other programs, use an fp8 version of the model, or a machine with more memory." };
  }
  if (signal === "SIGKILL") {
    return { code: "killed", why: "ComfyUI was killed from outside (SIGKILL); nothing tells that memory had run out.", fix: startAgain };
  }
  if (!crashSignals.has(signal)) return { code: "interrupted", why: `ComfyUI was ended by the signal ${signal}.`, fix: startAgain };
  const said = tail.slice(-lastWords);
  const known = [gpuRule, vramRule].find(({ pattern }) => said.some((line) => pattern.test(line)));
  return known ?? {
    code: "native_crash", why: `Python or a GPU library crashed inside ComfyUI (${signal}).`,
    fix: "Update the GPU driver, ComfyUI and its packages; switch off custom nodes that are not needed.",
  };
}

/** The line that ends a Python traceback, which names the cause where no rule knows it. */
function lastException(tail: readonly string[]): string | null {
  const plain = tail.map((line) => Bun.stripANSI(line).trimEnd());
  const found = plain.findLast((line) => /^(?:\w+\.)*\w*(?:Error|Exception): \S/.test(line));
  return found === undefined ? null : found.slice(0, exceptionLimit);
}
