import { existsSync } from "node:fs";
import { join } from "node:path";
import type { PluginSettings, StopRung, ToolCommand } from "../../plugin.ts";
import { modelPlace } from "./hub-cache.ts";

/** Wide enough that a progress bar keeps its loss behind the longest job name. */
const columns = 250;

/** AI-Toolkit ends cleanly on an interrupt and knows no other signal; while it loads a model that can take a while. */
const stopLadder: readonly StopRung[] = [
  { signal: "SIGINT", target: "leader", waitMs: 60_000 },
  { signal: "SIGTERM", target: "group", waitMs: 10_000 },
  { signal: "SIGKILL", target: "group", waitMs: 5_000 },
];

/** One start of the trainer. All paths are absolute. */
export interface TrainingStart {
  readonly jobId: string;
  readonly baseModel: string;
  readonly configPath: string;
  readonly attemptDir: string;
}

/** The command for a job file. In fast-test mode only the program differs. */
export function trainingCommand(settings: PluginSettings, { jobId, baseModel, configPath, attemptDir }: TrainingStart): ToolCommand {
  const env: Record<string, string> = {
    AITK_JOB_ID: jobId,
    IS_AI_TOOLKIT_UI: "1",
    PYTHONUNBUFFERED: "1",
    PYTHONUTF8: "1",
    TQDM_NCOLS: String(columns),
    CUDA_DEVICE_ORDER: "PCI_BUS_ID",
  };
  // The token's value never enters the environment: AI-Toolkit expands variables in the job file.
  // A name of nothing would keep the hub library from its own place, ~/.cache/huggingface/token.
  if (settings.hfTokenFile !== null && existsSync(settings.hfTokenFile)) env.HF_TOKEN_PATH = settings.hfTokenFile;
  if (settings.mode === "fast-test") {
    const [file, ...first] = settings.self;
    env.ISENGARD_SIM_SCENARIO = settings.simulator.scenario;
    env.ISENGARD_SIM_SPEED = String(settings.simulator.speed);
    const args = [...first, "simulate", "ai-toolkit", configPath];
    return { file: file ?? process.execPath, args, cwd: attemptDir, env, columns, stop: stopLadder };
  }
  const model = modelPlace(settings, baseModel);
  // Not HF_HOME: the person's own token lies below it.
  if (model?.isOwn === true) env.HF_HUB_CACHE = model.cacheDir;
  const dir = settings.aiToolkit.dir ?? "";
  return { file: pythonOf(settings) ?? "python3", args: [join(dir, "run.py"), configPath], cwd: dir, env, columns, stop: stopLadder };
}

/** The interpreter from the settings, else `.venv` and `venv` of the toolkit, in the order of its own interface. */
export function pythonOf(settings: PluginSettings): string | null {
  if (settings.aiToolkit.python !== null) return settings.aiToolkit.python;
  if (settings.aiToolkit.dir === null) return null;
  const own = [".venv", "venv"].map((folder) => join(settings.aiToolkit.dir!, folder, "bin", "python"));
  return own.find((path) => existsSync(path)) ?? null;
}
