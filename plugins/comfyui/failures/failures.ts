import type { FailureCode } from "../../../server/shared/failure-codes.ts";
import type { KnownFailure, Failure } from "../../../server/contract/job.ts";
import { placeOf } from "../../../server/shared/setting-words.ts";
import type { RunError } from "../protocol/history.ts";
import { listOf, recordOf, textOf } from "../protocol/json.ts";

/** Sentences for people. Tracebacks and inputs never come in here: they hold the prompt and paths of the machine. */
export function failure(code: FailureCode, what: string, why: string, fix: string, tail: readonly string[] = []): KnownFailure {
  return { code, what, why, fix, tail: [...tail] };
}

const notMade = "The picture could not be made.";

interface Rule {
  readonly pattern: RegExp;
  readonly code: FailureCode;
  readonly why: string;
  readonly fix: string;
}

/** Tested on exception type and message together, first match wins. Source: ComfyUI 0.33.0, `execution.py`, and the wordings of the libraries that it pins. */
const runtimeRules: readonly Rule[] = [
  {
    pattern: /OutOfMemoryError|ran out of memory on your GPU|CUDA out of memory|CUDA error: out of memory|CU(?:BLAS|DNN)_STATUS_ALLOC_FAILED/i, code: "vram",
    why: "The graphics card ran out of memory.",
    fix: "Choose a smaller size, close other programs that use the card, or use an fp8 version of the model.",
  },
  {
    pattern: /SafetensorError|header too small|HeaderTooLarge|MetadataIncompleteBuffer|incomplete metadata|PytorchStreamReader failed|invalid header length/i, code: "corrupt_model",
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
    fix: "Replace it with the file of that name from its source; isengard doctor lists the files that FLUX.1 needs.",
  },
  {
    pattern: /No space left on device|Errno 28/i, code: "disk_full",
    why: "The disk is full, so ComfyUI could not save the picture.",
    fix: "Free some space, then start the generation again.",
  },
  {
    pattern: /Saving image outside the output folder/i, code: "config",
    why: "ComfyUI may not save the picture where it was told to.",
    fix: "Restart ComfyUI if its output folder was changed; the check in Settings says whether its version fits.",
  },
  {
    pattern: /UnidentifiedImageError/i, code: "bad_picture",
    why: "ComfyUI could not read the uploaded picture.",
    fix: "Upload it again as PNG or JPEG.",
  },
  {
    pattern: /device-side assert|illegal memory access|GPU is lost|fallen off the bus|uncorrectable ECC error|unspecified launch failure|\bXid \(|CUDA unknown error|busy or unavailable|misaligned address|no CUDA-capable device|No CUDA GPUs are available|Found no NVIDIA driver/i,
    code: "gpu_fault",
    why: "The graphics card reported a fault or was not found.",
    fix: "Restart the machine. If it happens again, check the card and its driver.",
  },
  {
    pattern: /LocalEntryNotFoundError|client has been closed|\bhttpx\.\w*(?:Error|Timeout)|Server error '5\d\d|Client error '429|Name or service not known|Network is unreachable|CAS service error|NameResolutionError|Temporary failure in name resolution|Max retries exceeded|Read timed out|Connection(?:Reset)?Error|Connection reset by peer|\b429 |\b50[0-9] Server Error|IncompleteRead|ChunkedEncodingError/i,
    code: "network",
    why: "A step of ComfyUI wanted to download a file, and the network failed.",
    fix: "Check this machine's connection, or put the file into ComfyUI's models folder by hand.",
  },
];

/** `files`: what the failed step was told to load, so that the sentence can name it. */
export function runtimeFailure(error: RunError, files: readonly string[] = []): KnownFailure {
  const evidence = `${error.exceptionType} ${error.message}`;
  const rule = runtimeRules.find(({ pattern }) => pattern.test(evidence));
  const named = rule && ["corrupt_model", "model_mismatch"].includes(rule.code) && files.length > 0 ? ` It is ${files.join(" or ")}.` : "";
  // Models in ComfyUI's folders are the person's: nothing of them is removed, so trying again changes nothing.
  if (rule) return { ...failure(rule.code, notMade, rule.why + named, rule.fix), ...(rule.code === "corrupt_model" ? { lasting: true } : {}) };
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

/** For a refused prompt (400) and for a partly refused one (200 with `node_errors`). */
export function refusalFailure(answer: unknown): KnownFailure {
  const body = recordOf(answer);
  const error = recordOf(body["error"]);
  const type = textOf(error["type"]);
  if (type === "missing_node_type" || type === "invalid_prompt") return missingClassFailure(error);
  if (type === "invalid_prompt_id") {
    return failure("incompatible", notMade, "This ComfyUI did not accept our prompt id.",
      "Update Isengard or use a tested version of ComfyUI.");
  }
  const nodes = Object.values(recordOf(body["node_errors"]));
  const reasons = nodes.flatMap(nodeReasons);
  const why = reasons.length > 0 ? `ComfyUI refused the request: ${reasons.join("; ")}.` : "ComfyUI refused the request without saying why.";
  return failure(nodes.some(lacksFile) ? "missing_file" : "refused", notMade, why, "Check that all model files are there (the checks in Settings, or isengard doctor), then try again.");
}

function missingClassFailure(error: Readonly<Record<string, unknown>>): KnownFailure {
  const name = textOf(recordOf(error["extra_info"])["class_type"]) || /node (\w+) does not exist/.exec(textOf(error["message"]))?.[1];
  return missingClasses([name ?? "unknown"]);
}

/** The one cause of a refusal that a person can see: the file was there when the job was prepared, or was never. */
function lacksFile(node: unknown): boolean {
  return listOf(recordOf(node)["errors"]).some((error) => textOf(recordOf(error)["type"]) === "value_not_in_list");
}

export function missingClasses(names: readonly string[]): KnownFailure {
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

/** Nothing that tries again by itself helps: ComfyUI cannot be had. `last`: how it ended, where it was started. */
export function engineFailure(why: string, last: Failure | null, attached: boolean): KnownFailure {
  const start = attached
    ? `Start that ComfyUI where it runs, or correct its address: ${placeOf("comfyuiUrl")}.`
    : "Start ComfyUI again in Settings.";
  return failure("engine", "ComfyUI is not available.", why, last === null ? start : `${last.fix} ${start}`, last?.tail);
}

/** A picture that was lost with ComfyUI, in the class of ComfyUI's end. */
export function lostWith(end: Failure): Failure {
  return { ...end, what: notMade, why: `ComfyUI ended while it made it. ${end.why}` };
}
