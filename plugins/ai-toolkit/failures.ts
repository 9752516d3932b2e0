import type { ParameterValues } from "../../server/contract/backend.ts";
import type { Failure } from "../../server/contract/job.ts";
import { measuredMemory, memoryAdvice } from "./memory-advice.ts";

interface FailureClass {
  readonly code: string;
  /** Any of these in the output. */
  readonly signs: readonly RegExp[];
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}

/**
 * Classes in the order in which they are tried: the more exact words first, because one cause is often wrapped in the
 * text of another. Texts are those of AI-Toolkit 0.12 and of the libraries that it uses.
 */
const classes: readonly FailureClass[] = [
  {
    code: "vram",
    signs: [
      /OutOfMemoryError/, /CUDA out of memory/, /CUDA error: out of memory/, /OOM during training step 3 times/,
    ],
    what: "The GPU ran out of memory.",
    why: "The model, the photo sizes and the sample pictures together need more memory than the GPU has free.",
    fix: "Turn on the low memory mode, remove the largest photo size, or use smaller samples; then train again.",
  },
  {
    code: "disk_full",
    signs: [
      /No space left on device/, /database or disk is full/, /\bos error 28\b/, /Disk quota exceeded/,
    ],
    what: "The disk is full.",
    why: "A checkpoint or the training's own files could not be written.",
    fix: "Free disk space (old checkpoints, other models), then train again.",
  },
  {
    code: "gpu_fault",
    signs: [
      /device-side assert/, /illegal memory access/, /GPU is lost/, /fallen off the bus/, /uncorrectable ECC error/, /Found no NVIDIA driver/, /unspecified launch failure/, /\bXid\b/,
      /No CUDA GPUs are available/, /no CUDA-capable device/, /NVIDIA driver on your system is too old/,
      /CUDA driver version is insufficient/,
    ],
    what: "The GPU stopped working or was not found.",
    why: "The driver reported a fault, or no GPU is visible to the training.",
    fix: "Look at nvidia-smi on this machine. Restart the machine or choose another one, then train again.",
  },
  {
    code: "hf_gated",
    signs: [
      /GatedRepoError/, /Cannot access gated repo/, /is restricted and you are not/, /is restricted\. You must have access/,
      /not in the authorized list/,
    ],
    what: "The model could not be downloaded: its licence was not accepted.",
    why: "FLUX.1-dev is only given to Hugging Face accounts that accepted its licence, and the account of the token did not, or there is no token.",
    fix: "Sign in at huggingface.co/black-forest-labs/FLUX.1-dev and accept the licence, then put a token of that account into Settings.",
  },
  {
    code: "network",
    signs: [
      /LocalEntryNotFoundError/, /NameResolutionError/, /Temporary failure in name resolution/, /Max retries exceeded/,
      /Read timed out/, /ConnectionError/, /Connection reset by peer/, /429 Client Error/, /50[0-9] Server Error/,
      /IncompleteRead/, /We couldn't connect to 'https:/, /429 Too Many Requests/, /ChunkedEncodingError/, /RemoteProtocolError/,
      /Consistency check failed/, /peer closed connection/, /ConnectTimeout/, /ReadTimeout/,
    ],
    what: "The model could not be downloaded: the network failed.",
    why: "Hugging Face could not be reached, or it answered with an error.",
    fix: "Check this machine's connection and train again; what was downloaded is kept. A local model folder in Settings needs no network.",
  },
  {
    code: "hf_auth",
    signs: [
      /401 Client Error/, /RepositoryNotFoundError/, /Invalid user token/,
      /is not a local folder and is not a valid model identifier/, /Make sure your token has the correct permissions/,
      /403 (?:Client Error|Forbidden)/,
    ],
    what: "The model could not be downloaded: the Hugging Face token is missing or not valid.",
    why: "The base model needs a token with read access, and none was accepted.",
    fix: "Make a read token at huggingface.co/settings/tokens and put it into Settings, then train again.",
  },
  {
    code: "hf_missing",
    signs: [
      /neither a valid local path nor a valid repo id/, /404 Client Error/, /EntryNotFoundError/, /RevisionNotFoundError/,
      /does not appear to have a file named/, /no file named \S+ found in directory/, /name_or_path must be specified/,
    ],
    what: "The base model was not found.",
    why: "The path or the repository in Settings does not hold a complete FLUX.1-dev model.",
    fix: "Correct the base model in Settings: a folder with transformer, text_encoder, text_encoder_2, tokenizer and vae, or black-forest-labs/FLUX.1-dev.",
  },
  {
    code: "corrupt_model",
    signs: [
      /Error while deserializing header/, /HeaderTooLarge/, /MetadataIncompleteBuffer/,
      /incomplete metadata, file not fully covered/, /invalid header length/, /header too large/,
    ],
    what: "A model or checkpoint file is damaged.",
    why: "A file was cut short, by a full disk, a broken download or a crash while it was written.",
    fix: "Train again: damaged checkpoints are set aside. If it stays, delete the base model's files and let them be downloaded again.",
  },
  {
    code: "install",
    signs: [
      /ModuleNotFoundError/, /ImportError/, /No module named/, /cannot open shared object file/,
    ],
    what: "AI-Toolkit's installation is incomplete.",
    why: "A Python package is missing or does not fit.",
    fix: "Run AI-Toolkit's own installer again (python3 -m manager install), then look at the checks in Settings.",
  },
  {
    code: "no_photos",
    signs: [
      /no images found in/,
    ],
    what: "None of the photos could be used.",
    why: "AI-Toolkit found no readable JPEG, PNG or WebP picture among them.",
    fix: "Look at the photos of this character, remove damaged ones and add others, then train again.",
  },
  {
    code: "dataset_missing",
    signs: [
      /FileNotFoundError: \[Errno 2\] No such file or directory/,
    ],
    what: "A file of the training was not found.",
    why: "A folder or file was moved or deleted after the training was prepared.",
    fix: "Check that Isengard's data folder is complete and mounted, then train again.",
  },
  {
    code: "status_locked",
    signs: [
      /database is locked/,
    ],
    what: "The training could not write its status.",
    why: "The file system kept a file locked for too long, as busy network volumes do.",
    fix: "Train again. If it stays, put Isengard's data folder on a local disk.",
  },
  {
    code: "config",
    signs: [
      /config file is invalid/, /Unknown process type/, /Environment variable \S+ not set/, /Could not find config file/,
      /KeyError/, /TypeError: .*argument/,
    ],
    what: "AI-Toolkit did not accept the job.",
    why: "This version of AI-Toolkit expects other settings than the ones that Isengard writes.",
    fix: "Compare its version in Settings with the one that Isengard was made for, and update the older of the two.",
  },
];

/**
 * The cause of a failed run from its output. Looks at what follows the last `Error running job:` when there is one,
 * since tracebacks before it belong to things that the program got over.
 */
export function diagnose(lines: readonly string[], tail: string[], values?: ParameterValues): Failure {
  const start = lines.findLastIndex((line) => line.includes("Error running job:"));
  const evidence = (start < 0 ? lines : lines.slice(start)).join("\n");
  const found = classes.find((entry) => entry.signs.some((sign) => sign.test(evidence)));
  if (found !== undefined) {
    const { code, what } = found;
    const measured = code === "vram" ? measuredMemory(evidence) : "";
    const why = withDetail(measured === "" ? found.why : `${found.why} ${measured}`, lastError(lines));
    const fix = code === "vram" && values !== undefined ? `${memoryAdvice(values)}; then train again.` : found.fix;
    const retryAfterSeconds = code === "network" ? retryAfter(evidence, Date.now()) : null;
    return { code, what, why, fix, tail, ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }) };
  }
  return {
    code: "unknown",
    what: "The training failed.",
    why: lines.length === 0 ? "AI-Toolkit ended before it printed anything." : withDetail("AI-Toolkit ended with an error that Isengard does not know.", lastError(lines)),
    fix: "Read the last lines below and the whole log.",
    tail,
  };
}

/** "Retry-After: 120", "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT" and the hub library's "Retry after 55 seconds". */
export function retryAfter(text: string, nowMs: number): number | null {
  const seconds = /\bretry[- ]after\b\W{1,5}(\d{1,5})\b/i.exec(text)?.[1];
  if (seconds !== undefined) return Number(seconds);
  const date = /\bretry-after\b\W{1,5}(\w{3}, \d{1,2} \w{3} \d{4} [\d:]{8} GMT)/i.exec(text)?.[1];
  return date === undefined ? null : Math.max(0, Math.ceil((Date.parse(date) - nowMs) / 1000));
}

/** Whether the GPU itself failed, whatever else was said. */
export function isGpuFault(lines: readonly string[]): boolean {
  return classes.some(({ code, signs }) => code === "gpu_fault" && signs.some((sign) => sign.test(lines.join("\n"))));
}

const maxDetail = 300;

function withDetail(why: string, detail: string): string {
  return detail === "" ? why : `${why} It said: “${detail.slice(0, maxDetail)}”.`;
}

/** The text of `Error running job`, or the last line of the traceback. */
function lastError(lines: readonly string[]): string {
  const said = lines.findLast((line) => line.includes("Error running job:"));
  if (said !== undefined) return said.slice(said.indexOf("Error running job:") + "Error running job:".length).trim();
  return lines.findLast((line) => /^\w[\w.]*(?:Error|Exception): /.test(line))?.trim() ?? "";
}
