import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { PythonError } from "./python.ts";

/** What the simulator uses of a job file; absent keys have the real program's defaults. */
export interface JobFile {
  readonly name: string;
  readonly trainingFolder: string;
  readonly controlDb: string;
  readonly triggerWord: string | null;
  readonly rank: number;
  readonly alpha: number;
  readonly saveEvery: number;
  readonly keep: number;
  readonly datasets: ReadonlyArray<{ readonly folder: string; readonly resolutions: readonly number[]; readonly cacheText: boolean }>;
  readonly steps: number;
  readonly learningRate: number;
  readonly skipFirstSample: boolean;
  readonly disableSampling: boolean;
  readonly uiLogger: boolean;
  readonly logEvery: number;
  readonly speedEvery: number;
  readonly modelPath: string;
  readonly quantize: boolean;
  readonly ema: boolean;
  readonly sampleEvery: number;
  readonly sampleSize: { readonly width: number; readonly height: number };
  readonly prompts: readonly string[];
  readonly sampleSeed: number;
  readonly walkSeed: boolean;
  readonly version: string;
  /** As read, for the echo and for config.yaml. */
  readonly process: Record<string, unknown>;
  readonly whole: Record<string, unknown>;
}

type Dict = Record<string, unknown>;

/** Reads as `toolkit/config.py`: variables are filled into the text first, then `[name]` into the parsed tree. */
export function readJobFile(path: string, nameTag: string | null): JobFile {
  const file = [join("config", path), join("config", `${path}.json`), path, resolve(path)].find((candidate) => existsSync(candidate));
  if (file === undefined) throw new PythonError("ValueError", `Could not find config file ${path}`);
  const text = readFileSync(file, "utf8").replace(/\$\{([^}]+)\}/g, (_, variable: string) => {
    const value = process.env[variable];
    if (value !== undefined) return value;
    throw new PythonError("ValueError", `Environment variable ${variable} not set. Please ensure it's defined before proceeding.`);
  });
  const parsed = parse(text);
  if (parsed.job === undefined) throw new PythonError("ValueError", "config file must have a job key");
  if (parsed.config === undefined) throw new PythonError("ValueError", "config file must have a config section");
  const name = nameTag ?? text_(dict(parsed.config).name, "");
  if (name === "") throw new PythonError("ValueError", "config file must have a config.name key");
  return typed(parse(JSON.stringify(parsed).replaceAll("[name]", name)));
}

function parse(text: string): Dict {
  try {
    return dict(JSON.parse(text));
  } catch {
    throw new PythonError("json.decoder.JSONDecodeError", "Expecting value: line 1 column 1 (char 0)");
  }
}

function typed(whole: Dict): JobFile {
  const config = dict(whole.config);
  const process = dict((Array.isArray(config.process) ? config.process : [])[0]);
  if (whole.job !== "extension") throw new PythonError("ValueError", `Unknown job type ${String(whole.job)}`);
  if (process.type !== "diffusion_trainer" && process.type !== "sd_trainer") {
    throw new PythonError("ValueError", `config file is invalid. Unknown process type: ${String(process.type)}`);
  }
  const network = dict(process.network), save = dict(process.save), train = dict(process.train), sample = dict(process.sample);
  const logging = dict(process.logging), model = dict(process.model);
  const rank = number_(network.linear, number_(network.rank, 4));
  return {
    name: text_(config.name, ""), version: text_(dict(whole.meta).version, "1.0"), process, whole,
    trainingFolder: text_(process.training_folder, "output"), controlDb: text_(process.sqlite_db_path, "./aitk_db.db"),
    triggerWord: typeof process.trigger_word === "string" ? process.trigger_word : null,
    rank, alpha: rank, saveEvery: number_(save.save_every, 1000), keep: number_(save.max_step_saves_to_keep, 5),
    datasets: datasets(process.datasets, train.cache_text_embeddings === true),
    steps: number_(train.steps, 1000), learningRate: number_(train.lr, 1e-6), skipFirstSample: train.skip_first_sample === true,
    disableSampling: train.disable_sampling === true, uiLogger: logging.use_ui_logger === true, logEvery: number_(logging.log_every, 100),
    speedEvery: number_(process.performance_log_every, 0), modelPath: text_(model.name_or_path, ""), quantize: model.quantize === true,
    ema: dict(train.ema_config).use_ema === true,
    sampleEvery: number_(sample.sample_every, 100), sampleSize: { width: side(sample.width), height: side(sample.height) },
    prompts: (Array.isArray(sample.prompts) ? sample.prompts : []).map(String),
    sampleSeed: number_(sample.seed, 0), walkSeed: sample.walk_seed === true,
  };
}

function datasets(value: unknown, cacheText: boolean): JobFile["datasets"] {
  return (Array.isArray(value) ? value : []).map((entry) => {
    const dataset = dict(entry);
    const sizes = Array.isArray(dataset.resolution) ? dataset.resolution : [dataset.resolution ?? 512];
    return { folder: text_(dataset.folder_path, text_(dataset.dataset_path, "")), resolutions: sizes.map(Number), cacheText };
  });
}

/** Rounded down to eight and at least 64, as the real sampler does. */
function side(value: unknown): number {
  return Math.max(64, Math.floor(number_(value, 512) / 8) * 8);
}

function dict(value: unknown): Dict {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Dict) : {};
}

function text_(value: unknown, standard: string): string {
  return typeof value === "string" ? value : standard;
}

function number_(value: unknown, standard: number): number {
  return typeof value === "number" && Number.isFinite(value) ? value : standard;
}
