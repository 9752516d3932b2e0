import type { ParameterValues } from "../../../server/contract/backend.ts";
import type { TrainingJob } from "../../interfaces/training.ts";
import { fillTrigger } from "../../../server/shared/trigger-place.ts";
import { pathIsMisread, safePrompt, safeText } from "./safe-text.ts";

/** Where the job's files are; all absolute. */
export interface JobPlaces {
  readonly datasetDir: string;
  readonly trainingDir: string;
  readonly controlDb: string;
}

export interface BuiltConfig {
  /** The job file's text. */
  readonly json: string;
  /** What was changed in the user's texts. */
  readonly changes: string[];
}

/** Thrown where a job cannot be written in a way that AI-Toolkit reads as meant. */
export class UnsafeConfig extends Error {
  override readonly name = "UnsafeConfig";

  constructor(message: string, readonly fix = "Change the name or value that is named, then train again.") {
    super(message);
  }
}

const renameFolder = "Stop Isengard, rename or move the folder, and start it there again (--data FOLDER), or name another base model.";

/** AI-Toolkit resumes from any name that starts with the job's name, so a job must not be called like the start of these. */
const toolNames = ["config.yaml", "optimizer.pt", "loss_log.db", "learnable_snr.json", "samples", "logs", "log.txt", "pid.txt", "plugin.html"];

/** Step counters and folders are the tool's words; every value of `job.values` is used here and nowhere else. */
export function buildConfig(job: TrainingJob, places: JobPlaces): BuiltConfig {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(job.name)) {
    throw new UnsafeConfig(`The job name ${JSON.stringify(job.name.slice(0, 80))} has other signs than letters, digits, _ and -.`);
  }
  if (toolNames.some((own) => own.startsWith(job.name))) {
    throw new UnsafeConfig(`AI-Toolkit has a file of its own that starts with ${job.name}.`);
  }
  for (const path of [...Object.values(places), job.baseModel]) {
    if (pathIsMisread(path) !== null) throw new UnsafeConfig(`AI-Toolkit would read the path ${path} as another one, because of the ${pathIsMisread(path)} in it.`, renameFolder);
  }
  const trigger = safeText("The trigger word", job.triggerWord);
  const values = reader(job.values);
  const prompts = values.texts("samplePrompts").map((prompt, index) =>
    safePrompt(`Sample prompt ${index + 1}`, fillTrigger(prompt, trigger.text)));
  const process = processConfig(job, places, trigger.text, prompts.map((prompt) => prompt.text), values);
  const config = { job: "extension", config: { name: job.name, process: [process] }, meta: { name: job.name, version: "1.0" } };
  return { json: JSON.stringify(config, null, 2), changes: [...trigger.changes, ...prompts.flatMap((prompt) => prompt.changes)] };
}

function processConfig(job: TrainingJob, places: JobPlaces, trigger: string, prompts: string[], values: Reader): Record<string, unknown> {
  return {
    type: "diffusion_trainer",
    training_folder: places.trainingDir,
    sqlite_db_path: places.controlDb,
    performance_log_every: 10,
    device: "cuda",
    trigger_word: trigger,
    network: { type: "lora", linear: values.number("rank"), linear_alpha: values.number("rank") },
    // No more are saved than there are steps, so all stay: each was told as an artifact, also those of a pause between two saves.
    save: { dtype: "float16", save_every: values.number("saveEvery"), max_step_saves_to_keep: values.number("steps") },
    datasets: [{
      folder_path: places.datasetDir,
      caption_ext: "txt",
      caption_dropout_rate: values.number("captionDropout"),
      cache_latents_to_disk: true,
      resolution: values.numbers("resolutions"),
    }],
    train: trainConfig(values),
    logging: { log_every: 1, use_ui_logger: true },
    model: {
      name_or_path: job.baseModel,
      arch: "flux",
      quantize: values.bool("quantize"),
      // Of FLUX.1 the text encoder takes it too, not qtype_te (AI-Toolkit 0.12.26). Jobs from before the choice have no such value.
      ...qtypeOf(job.values["quantizeType"]),
      low_vram: values.bool("lowVram"),
      // Only when wished: it changes the kind of 8-bit numbers too. Jobs from before it existed have no such value.
      ...(job.values["layerOffloading"] === true ? { layer_offloading: true } : {}),
    },
    sample: {
      sampler: "flowmatch",
      sample_every: values.number("sampleEvery"),
      width: values.number("sampleSize"),
      height: values.number("sampleSize"),
      prompts,
      neg: "",
      seed: values.number("sampleSeed"),
      walk_seed: true,
      guidance_scale: values.number("sampleGuidance"),
      sample_steps: values.number("sampleSteps"),
    },
  };
}

/** What the program takes by itself is not written, so that the file of such a job stays what it was. */
function qtypeOf(value: unknown): { qtype?: string } {
  return typeof value === "string" && value !== "qfloat8" ? { qtype: value } : {};
}

function trainConfig(values: Reader): Record<string, unknown> {
  return {
    batch_size: values.number("batchSize"),
    steps: values.number("steps"),
    gradient_accumulation: values.number("gradientAccumulation"),
    train_unet: true,
    train_text_encoder: false,
    gradient_checkpointing: values.bool("gradientCheckpointing"),
    noise_scheduler: "flowmatch",
    timestep_type: values.text("timestepType"),
    content_or_style: values.text("contentOrStyle"),
    optimizer: values.text("optimizer"),
    optimizer_params: { weight_decay: values.number("weightDecay") },
    lr: values.number("learningRate"),
    lr_scheduler: values.text("lrScheduler"),
    cache_text_embeddings: values.bool("cacheTextEmbeddings"),
    skip_first_sample: !values.bool("firstSamples"),
    disable_sampling: values.texts("samplePrompts").length === 0,
    ema_config: { use_ema: values.bool("ema"), ema_decay: values.number("emaDecay") },
    dtype: "bf16",
  };
}

/** Typed access to values that the API has already checked; a missing one is a fault of ours, so it throws. */
interface Reader {
  number(name: string): number;
  numbers(name: string): number[];
  bool(name: string): boolean;
  text(name: string): string;
  texts(name: string): string[];
}

function reader(values: ParameterValues): Reader {
  const get = <T>(name: string, matches: (value: unknown) => value is T): T => {
    const value = values[name];
    if (!matches(value)) throw new UnsafeConfig(`The parameter ${name} is missing or of the wrong type.`);
    return value;
  };
  const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
  const isText = (value: unknown): value is string => typeof value === "string";
  return {
    number: (name) => get(name, isNumber),
    numbers: (name) => get(name, (value): value is number[] => Array.isArray(value) && value.every(isNumber)),
    bool: (name) => get(name, (value): value is boolean => typeof value === "boolean"),
    text: (name) => get(name, isText),
    texts: (name) => get(name, (value): value is string[] => Array.isArray(value) && value.every(isText)),
  };
}
