import type { FailureCode } from "../../../server/shared/failure-codes.ts";
import { placeOf } from "../../../server/shared/setting-words.ts";

export interface FailureClass {
  readonly code: FailureCode;
  /** Any of these in the output. */
  readonly signs: readonly RegExp[];
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}

const vram: FailureClass = {
  code: "vram",
  // torch 2.13; the last two are cuBLAS and cuDNN.
  signs: [
    /\bOutOfMemoryError\b/, /CUDA out of memory/, /CUDA error: out of memory/, /OOM during training step 3 times/,
    /CUBLAS_STATUS_ALLOC_FAILED/, /CUDNN_STATUS_ALLOC_FAILED/,
  ],
  what: "The GPU ran out of memory.",
  why: "The model, the photo sizes and the sample pictures together need more memory than the GPU has free.",
  fix: "Remove the largest photo size or use smaller samples; then train again.",
};

const hostMemory: FailureClass = {
  code: "host_oom",
  signs: [/DefaultCPUAllocator: (?:can't|not enough)/, /^MemoryError\b/m, /Cannot allocate memory/],
  what: "The machine ran out of memory.",
  why: "A step of the training needed more main memory than the machine has free.",
  fix: "Close other programs or use a machine with more memory (64 GB or more for FLUX.1), then train again.",
};

const diskFull: FailureClass = {
  code: "disk_full",
  signs: [/No space left on device/, /database or disk is full/, /\bos error 28\b/, /Disk quota exceeded/],
  what: "The disk is full.",
  why: "A checkpoint or the training's own files could not be written.",
  fix: "Free disk space (old checkpoints, other models), then train again.",
};

const gpuFault: FailureClass = {
  code: "gpu_fault",
  signs: [
    /device-side assert/, /illegal memory access/, /GPU is lost/, /fallen off the bus/, /uncorrectable ECC error/, /Found no NVIDIA driver/,
    /unspecified launch failure/, /\bXid \(/, /No CUDA GPUs are available/, /no CUDA-capable device/, /NVIDIA driver on your system is too old/,
    /CUDA driver version is insufficient/, /CUDA unknown error/, /devices? ?(?:\(s\) is\/are)? busy or unavailable/, /misaligned address/,
    /CUDA error: (?:invalid device ordinal|the launch timed out|an illegal instruction|initialization error|system not yet initialized)/,
  ],
  what: "The GPU stopped working or was not found.",
  why: "The driver reported a fault, or no GPU is visible to the training.",
  fix: "Look at nvidia-smi on this machine. Restart the machine or choose another one, then train again.",
};

const gated: FailureClass = {
  code: "hf_gated",
  signs: [
    /GatedRepoError/, /Cannot access gated repo/, /is restricted and you are not/, /is restricted\. You must have access/,
    /not in the authorized list/, /You are trying to access a gated repo/, /is a gated repository\. Make sure to request access/,
  ],
  what: "The model could not be downloaded: its licence was not accepted.",
  why: "FLUX.1-dev is only given to Hugging Face accounts that accepted its licence, and the account of the token did not, or there is no token.",
  fix: "Sign in at huggingface.co/black-forest-labs/FLUX.1-dev and accept the licence, then put a token of that account into Settings.",
};

const modelWords = `${placeOf("baseModel")}: a folder with transformer, text_encoder, text_encoder_2, tokenizer and vae, or black-forest-labs/FLUX.1-dev`;

/** huggingface_hub says these of a name that can be no repository, or when it was told to stay offline: asking again changes nothing. */
const notAsked: FailureClass = {
  code: "hf_missing",
  signs: [
    /HFValidationError/, /Repo id must /, /Cannot have -- or \.\. in repo_id/, /OfflineModeIsEnabled/, /offline mode is enabled/,
    /outgoing traffic has been disabled/, /Access to this resource is disabled/,
  ],
  what: "The base model was not found.",
  why: "The base model is neither a folder with a complete FLUX.1-dev nor a repository that may be asked for.",
  fix: `Correct the base model with ${modelWords}. With HF_HUB_OFFLINE set nothing is downloaded.`,
};

const auth: Pick<FailureClass, "what" | "why" | "fix"> = {
  what: "The model could not be downloaded: the Hugging Face token is missing or not valid.",
  why: "The base model needs a token with read access, and none was accepted.",
  fix: "Make a read token at huggingface.co/settings/tokens and put it into Settings, then train again.",
};

/** An answer to the token itself; huggingface_hub wraps some of these as if the network had failed. */
const refusedToken: FailureClass = {
  code: "hf_auth",
  signs: [
    /\b40[13] Client Error/, /Client error '40[13]\b/, /\b403 Forbidden:/, /\b401 Unauthorized\b/, /Invalid credentials in Authorization header/,
    /Invalid user token/, /Make sure your token has the correct permissions/, /LocalTokenNotFoundError/, /Token is required/,
  ],
  ...auth,
};

const network: FailureClass = {
  code: "network",
  signs: [
    // huggingface_hub 1.23 over httpx 0.28; the closed client is what is left of a connection that failed at once.
    /LocalEntryNotFoundError/, /Cannot send a request, as the client has been closed/, /\bhttpx\.\w*(?:Error|Timeout)\b/, /\bhttpcore\.\w*(?:Error|Timeout)\b/,
    /Server error '5\d\d\b/, /Client error '4(?:08|25|29)\b/, /\b429 Too Many Requests/, /All connection attempts failed/, /Name or service not known/,
    /nodename nor servname provided/, /Network is unreachable/, /No route to host/, /Server disconnected without sending a response/,
    /The (?:read|write|handshake) operation timed out/, /handshake operation timed out/, /RemoteProtocolError/, /peer closed connection/,
    // hf_xet
    /CAS service error/, /XetDownloadError/,
    // requests and urllib3, which other libraries still use
    /NameResolutionError/, /Temporary failure in name resolution/, /Max retries exceeded/, /Read timed out/, /\bConnection(?:Reset|Refused|Aborted)?Error\b/,
    /Connection (?:reset by peer|refused|timed out)/, /\b429 Client Error/, /\b5\d\d Server Error/, /IncompleteRead/, /ChunkedEncodingError/,
    /We couldn't connect to '/, /Consistency check failed/, /ConnectTimeout/, /ReadTimeout/, /ProxyError/, /CERTIFICATE_VERIFY_FAILED/,
    // diffusers' words around anything that the hub answered; what it was stands in the signs above this class
    /There was a specific connection error when trying to load/,
  ],
  what: "The model could not be downloaded: the network failed.",
  why: "Hugging Face could not be reached, or it answered with an error.",
  fix: `Check this machine's connection and train again; what was downloaded is kept. A local model folder (${placeOf("baseModel")}) needs no network.`,
};

const unknownRepository: FailureClass = {
  code: "hf_auth",
  signs: [/RepositoryNotFoundError/, /is not a local folder and is not a valid model identifier/, /is not a local folder or a valid repository name/],
  ...auth,
};

const missing: FailureClass = {
  code: "hf_missing",
  signs: [
    /neither a valid local path nor a valid repo id/, /\b404 Client Error/, /Client error '404\b/, /EntryNotFoundError/, /RevisionNotFoundError/,
    /is not a valid git identifier/, /does not appear to have a file named/, /no file named \S+ found in directory/, /name_or_path must be specified/,
    /does not have a file named/, /Can't load (?:the model|config|the configuration|tokenizer|feature extractor) for '/,
  ],
  what: "The base model was not found.",
  why: "The base model's path or repository does not hold a complete FLUX.1-dev model.",
  fix: `Correct the base model with ${modelWords}.`,
};

const corrupt: FailureClass = {
  code: "corrupt_model",
  // safetensors 0.8, torch 2.13 (zip archives), diffusers 0.42 (JSON and checkpoint files)
  signs: [
    /Error while deserializing header/, /HeaderTooLarge/, /MetadataIncompleteBuffer/, /incomplete metadata, file not fully covered/,
    /invalid header length/, /header too (?:large|small)/, /PytorchStreamReader failed/, /Unable to load weights from checkpoint file/,
    /is not a valid JSON file/, /failed finding central directory/,
  ],
  what: "A model or checkpoint file is damaged.",
  why: "A file was cut short, by a full disk, a broken download or a crash while it was written.",
  fix: "Train again: damaged checkpoints are set aside. If it stays, delete the base model's files and let them be downloaded again.",
};

const install: FailureClass = {
  code: "install",
  signs: [
    /ModuleNotFoundError/, /\bImportError: /, /No module named '/, /cannot open shared object file/, /Torch not compiled with CUDA enabled/,
    /no kernel image is available for execution/, /PackageNotFoundError/, /undefined symbol: /, /\bversion `\w+' not found/,
  ],
  what: "AI-Toolkit's installation is incomplete.",
  why: "A Python package is missing or does not fit.",
  fix: "Run AI-Toolkit's own installer again (python3 -m manager install), then look at the checks in Settings or at isengard doctor.",
};

const noPhotos: FailureClass = {
  code: "no_photos",
  signs: [/no images found in/],
  what: "None of the photos could be used.",
  why: "AI-Toolkit found no readable JPEG, PNG or WebP picture among them.",
  fix: "Look at the photos of this character, remove damaged ones and add others, then train again.",
};

const noDataset: FailureClass = {
  code: "no_photos",
  signs: [/'NoneType' object has no attribute 'get_caption_list'/],
  what: "There was nothing to train on.",
  why: "AI-Toolkit makes one data set for each photo size, and the job named none.",
  fix: "Choose at least one photo size, then train again.",
};

const datasetMissing: FailureClass = {
  code: "dataset_missing",
  signs: [/FileNotFoundError: \[Errno 2\] No such file or directory/],
  what: "A file of the training was not found.",
  why: "A folder or file was moved or deleted after the training was prepared.",
  fix: "Check that Isengard's data folder is complete and mounted, then train again.",
};

const statusLocked: FailureClass = {
  code: "status_locked",
  signs: [/database is locked/],
  what: "The training could not write its status.",
  why: "The file system kept a file locked for too long, as busy network volumes do.",
  fix: "Train again. If it stays, put Isengard's data folder on a local disk.",
};

const misreadPath: FailureClass = {
  code: "config",
  signs: [/Environment variable [^\n]{0,200} not set/],
  what: "AI-Toolkit read a path of the job as another one.",
  why: "Isengard's data folder or the base model has “${…}” in its path, which AI-Toolkit replaces by a variable of the environment.",
  fix: `Stop Isengard, rename the folder, and start it there again (--data FOLDER; for the base model ${placeOf("baseModel")}).`,
};

const config: FailureClass = {
  code: "config",
  // A KeyError or TypeError alone can be any fault of a program: it is the job's only where AI-Toolkit reads the job.
  signs: [
    /config file is invalid/, /Unknown process type/, /Could not find config file/,
    /toolkit\/config(?:_modules)?\.py", line \d+(?:(?!\n *File ")[\s\S]){0,400}\b(?:KeyError|TypeError|ValueError): /,
  ],
  what: "AI-Toolkit did not accept the job.",
  why: "This version of AI-Toolkit expects other settings than the ones that Isengard writes.",
  fix: "The checks in Settings, and isengard doctor, name the version that was found and the one that Isengard was made for. Update the older of the two.",
};

/**
 * In the order in which they are tried: the more exact words first, because one cause is often wrapped in the text of
 * another. Texts are those of AI-Toolkit 0.12.26 and of what it pins: huggingface_hub 1.23.0, transformers 5.5.3,
 * diffusers at c943837, torch 2.13, safetensors 0.8.
 */
export const failureClasses: readonly FailureClass[] = [
  vram, hostMemory, diskFull, gpuFault, gated, notAsked, refusedToken, network, unknownRepository, missing, corrupt, install, noPhotos, noDataset,
  datasetMissing, statusLocked, misreadPath, config,
];
