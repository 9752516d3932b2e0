import type { Failure } from "../../server/contract/job.ts";
import type { ExitOutcome } from "../plugin.ts";
import type { RunError } from "./history.ts";
import { listOf, recordOf, textOf } from "./json.ts";

/** Sentences for people. Tracebacks and inputs never come in here: they hold the prompt and paths of the machine. */
export function failure(code: string, what: string, why: string, fix: string, tail: readonly string[] = []): Failure {
  return { code, what, why, fix, tail: [...tail] };
}

const notMade = "The picture could not be made.";

interface Rule {
  readonly pattern: RegExp;
  readonly code: string;
  readonly why: string;
  readonly fix: string;
}

/** Tested on exception type and message together, first match wins. Source: contract 6.2. */
const runtimeRules: readonly Rule[] = [
  {
    pattern: /OutOfMemoryError|ran out of memory on your GPU|CUDA out of memory/i, code: "vram",
    why: "The graphics card ran out of memory.",
    fix: "Choose a smaller size, close other programs that use the card, or use an fp8 version of the model.",
  },
  {
    pattern: /SafetensorError|header too small|HeaderTooLarge|MetadataIncompleteBuffer/i, code: "corrupt_model",
    why: "A model or LoRA file is damaged or was downloaded only in part.",
    fix: "Delete the file and download it again.",
  },
  {
    pattern: /mat1 and mat2 shapes cannot be multiplied/i, code: "model_mismatch",
    why: "The text encoder or the VAE does not belong to this model.",
    fix: "For FLUX.1 use clip_l, t5xxl and ae.safetensors.",
  },
  {
    pattern: /size mismatch|Could not detect model type/i, code: "model_mismatch",
    why: "A file in ComfyUI's models folder holds another kind of model than its name says.",
    fix: "Compare the file with the list of model files on the settings page and replace it.",
  },
  {
    pattern: /No space left on device|Errno 28/i, code: "disk_full",
    why: "The disk is full, so ComfyUI could not save the picture.",
    fix: "Free some space, then start the generation again.",
  },
  {
    pattern: /UnidentifiedImageError/i, code: "bad_picture",
    why: "ComfyUI could not read the uploaded picture.",
    fix: "Upload it again as PNG or JPEG.",
  },
  {
    pattern: /device-side assert|illegal memory access|GPU is lost|no CUDA-capable device/i, code: "gpu_fault",
    why: "The graphics card reported a fault.",
    fix: "Restart the machine. If it happens again, check the card and its driver.",
  },
];

/** `files`: what the failed step was told to load, so that the sentence can name it. */
export function runtimeFailure(error: RunError, files: readonly string[] = []): Failure {
  const evidence = `${error.exceptionType} ${error.message}`;
  const rule = runtimeRules.find(({ pattern }) => pattern.test(evidence));
  const named = rule && ["corrupt_model", "model_mismatch"].includes(rule.code) && files.length > 0 ? ` It is ${files.join(" or ")}.` : "";
  if (rule) return failure(rule.code, notMade, rule.why + named, rule.fix);
  const node = /^\w{1,60}$/.test(error.nodeType) ? error.nodeType : "unknown";
  const type = /^[\w.]{1,80}$/.test(error.exceptionType) ? error.exceptionType : "an error";
  return failure("unknown", notMade, `ComfyUI failed in its step ${node} with ${type}.`,
    "Look at the ComfyUI log on the Logs page; it has the full message.");
}

/** Each sentence gets the name of the input; values are not repeated, since they may hold the prompt. */
const inputRules: Readonly<Record<string, (input: string) => string>> = {
  required_input_missing: (input) => `the setting ${input} is missing`,
  value_not_in_list: (input) => `the file or choice for ${input} is not there`,
  value_smaller_than_min: (input) => `${input} is too small`,
  value_bigger_than_max: (input) => `${input} is too large`,
  invalid_input_type: (input) => `${input} has the wrong type`,
  return_type_mismatch: (input) => `${input} is connected to the wrong kind of output`,
  bad_linked_input: (input) => `${input} has a broken connection`,
  exception_during_inner_validation: (input) => `${input} is connected to a missing step`,
  custom_validation_failed: (input) => `${input} was refused`,
  exception_during_validation: () => "the step could not be checked",
  dependency_cycle: () => "the steps depend on each other in a circle",
};

/** For a refused prompt (400) and for a partly refused one (200 with `node_errors`), contract rule 4. */
export function refusalFailure(answer: unknown): Failure {
  const body = recordOf(answer);
  const error = recordOf(body["error"]);
  const type = textOf(error["type"]);
  if (type === "missing_node_type" || type === "invalid_prompt") return missingClassFailure(error);
  if (type === "invalid_prompt_id") {
    return failure("incompatible", notMade, "This ComfyUI did not accept our prompt id.",
      "Update Isengard or use a tested version of ComfyUI.");
  }
  const reasons = Object.values(recordOf(body["node_errors"])).flatMap(nodeReasons);
  const why = reasons.length > 0 ? `ComfyUI refused the request: ${reasons.join("; ")}.` : "ComfyUI refused the request without saying why.";
  return failure("refused", notMade, why, "Check on the settings page that all model files are there, then try again.");
}

function missingClassFailure(error: Readonly<Record<string, unknown>>): Failure {
  const name = textOf(recordOf(error["extra_info"])["class_type"]) || /node (\w+) does not exist/.exec(textOf(error["message"]))?.[1];
  return missingClasses([name ?? "unknown"]);
}

export function missingClasses(names: readonly string[]): Failure {
  return failure("incompatible", notMade, `This ComfyUI does not know the step ${names.join(", ")}.`,
    "Update ComfyUI to version 0.3.57 or newer and look for failed imports in its log.");
}

const maxReasons = 5;

function nodeReasons(node: unknown): string[] {
  const fields = recordOf(node);
  const name = textOf(fields["class_type"]).slice(0, 60);
  return listOf(fields["errors"]).slice(0, maxReasons).map((item) => {
    const error = recordOf(item);
    const input = textOf(recordOf(error["extra_info"])["input_name"], "an input").slice(0, 60);
    const sentence = inputRules[textOf(error["type"])] ?? ((fallback: string) => `${fallback} was refused`);
    return `${name}: ${sentence(input)}`;
  });
}

export function engineFailure(why: string): Failure {
  return failure("engine", "ComfyUI is not available.", why, "Start ComfyUI again on the settings page, or look at its log there.");
}

/**
 * The last lines of a dead ComfyUI in words. Lines come with colours; the patterns do not mind.
 * `last`: only meant for the exception that ended it, since packs of nodes that fail to load say the same and it goes on.
 * Source: contract 3.3.
 */
const exitRules: ReadonlyArray<{ readonly pattern: RegExp; readonly text: string; readonly last?: boolean }> = [
  {
    pattern: /address already in use|Errno 98|port \d+ is already in use/i,
    text: "Another program took ComfyUI's port while it started. The next start takes another port.",
  },
  {
    pattern: /database is locked/i,
    text: "Another ComfyUI uses the same database file. Stop the other one first.",
  },
  {
    pattern: /unrecognized arguments|error: argument/i,
    text: "This version of ComfyUI does not know one of the options that Isengard passes. Use version 0.3.57 or newer.",
  },
  {
    pattern: /comfyui-frontend-package is not installed/i,
    text: "ComfyUI's page package is missing. Install ComfyUI's requirements.txt into its Python environment.",
  },
  {
    pattern: /^(?:ModuleNotFoundError|ImportError)/,
    text: "A Python package that ComfyUI needs is missing. Install ComfyUI's requirements.txt into its Python environment.",
    last: true,
  },
  { pattern: /No space left on device/i, text: "The disk is full." },
  {
    pattern: /Torch not compiled with CUDA|Found no NVIDIA driver|CUDA driver version is insufficient/i,
    text: "PyTorch cannot use the graphics card. Install the PyTorch build that matches the NVIDIA driver.",
  },
  { pattern: /OutOfMemoryError|CUDA out of memory/i, text: "The graphics card ran out of memory." },
];

/**
 * A signal comes first: the lines before it are from ordinary work, and an ordinary start already names packages that
 * are optional or could not be imported.
 */
export function explainExit(outcome: ExitOutcome, tail: readonly string[]): string {
  if (outcome.kind === "not-started") return `ComfyUI could not be started: ${outcome.why}`;
  if (outcome.kind === "exited" && outcome.stopped) return "ComfyUI was stopped.";
  const killed = outcome.kind === "signalled" ? outcome.signal === "SIGKILL" : outcome.kind === "exited" && outcome.code === 137;
  if (killed) return "ComfyUI was killed by the system, most likely because the machine ran out of memory while it loaded a model.";
  if (outcome.kind === "lost") return `ComfyUI vanished: ${outcome.why}`;
  const said = lastException(tail);
  const rule = exitRules.find(({ pattern, last }) => (last === true ? pattern.test(said ?? "") : tail.some((line) => pattern.test(line))));
  if (rule) return rule.last === true ? `${rule.text} It said: ${said}` : rule.text;
  if (outcome.kind === "signalled") return `ComfyUI was ended by the signal ${outcome.signal}.`;
  return `ComfyUI ended with exit code ${outcome.code}. ${said === null ? "Its last lines are in the log." : `It said: ${said}`}`;
}

const exceptionLimit = 300;

/** The line that ends a Python traceback, which names the cause where no rule knows it. */
function lastException(tail: readonly string[]): string | null {
  const plain = tail.map((line) => Bun.stripANSI(line).trimEnd());
  const found = plain.findLast((line) => /^(?:\w+\.)*\w*(?:Error|Exception): \S/.test(line));
  return found === undefined ? null : found.slice(0, exceptionLimit);
}
