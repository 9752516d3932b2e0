import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Check } from "../../../server/contract/system.ts";
import { takenOverToken } from "../../../server/shared/hub-token.ts";
import { placeOf } from "../../../server/shared/setting-words.ts";
import { noCuda, noCudaFix, torchQuestion } from "../../../server/shared/torch-words.ts";
import type { PluginSettings } from "../../plugin.ts";
import { defaultBaseModel, toolVersion } from "../capabilities.ts";
import { pythonOf } from "./command.ts";
import { fluxDownloadBytes, freeAt, modelPlace, type ModelPlace } from "./hub-cache.ts";

const maxTokenBytes = 4096;
const pythonLimitMs = 30_000;

/** Looks at AI-Toolkit's folder, its Python, the base model and the model's token. Only Python is started, to load PyTorch. */
export async function setupChecks(settings: PluginSettings): Promise<Check[]> {
  const checks = fileChecks(settings);
  return Promise.all(checks.map((entry) => (entry.id === pythonId && entry.state === "ok" ? torchCheck(entry.detail, settings.useProcessor === true) : entry)));
}

/** Why no training can start here, as a sentence, or null. Starts nothing. */
export function missingPart(settings: PluginSettings): string | null {
  // Without a token the hub itself answers: a mirror may need none.
  return fileChecks(settings).find((entry) => entry.state === "error" && entry.id !== tokenId)?.detail ?? null;
}

function fileChecks(settings: PluginSettings): Check[] {
  if (settings.mode === "fast-test") {
    return [check("ai-toolkit", "AI-Toolkit", "ok", "Played by Isengard in fast-test mode; nothing needs to be installed.", "")];
  }
  const folder = folderCheck(settings);
  // Without the folder nothing can be said about the environment inside.
  const python = folder.state === "error" && settings.aiToolkit.python === null ? [] : [pythonCheck(settings)];
  return [folder, ...python, modelCheck(settings), tokenCheck(settings)];
}

function folderCheck(settings: PluginSettings): Check {
  const id = "ai-toolkit", label = "AI-Toolkit";
  const dir = settings.aiToolkit.dir;
  const fix = `Install AI-Toolkit (github.com/ostris/ai-toolkit) and name its folder with ${placeOf("aiToolkitDir")}.`;
  if (dir === null) return check(id, label, "error", "AI-Toolkit's folder is not set.", fix);
  if (!existsSync(join(dir, "run.py"))) return check(id, label, "error", `${dir} has no run.py, so it is not AI-Toolkit.`, fix);
  const version = versionOf(dir);
  if (version === null) return check(id, label, "warning", `${dir}: the version could not be read.`, "Check that the folder is complete.");
  if (minor(version) !== minor(toolVersion)) {
    const detail = `Version ${version} in ${dir}; Isengard was made for ${toolVersion}.`;
    return check(id, label, "warning", detail, "It may work. If a training is refused, install that version.");
  }
  return check(id, label, "ok", `Version ${version} in ${dir}.`, "");
}

const pythonId = "ai-toolkit-python";
const pythonLabel = "AI-Toolkit's Python";

function pythonCheck(settings: PluginSettings): Check {
  const id = pythonId, label = pythonLabel;
  const fix = `Run AI-Toolkit's installer (python3 -m manager install), or name its Python with ${placeOf("aiToolkitPython")}.`;
  const python = pythonOf(settings);
  if (python === null) return check(id, label, "error", "There is no .venv or venv in AI-Toolkit's folder.", fix);
  if (!existsSync(python)) return check(id, label, "error", `${python} does not exist.`, fix);
  return check(id, label, "ok", python, "");
}

/** A Python that exists proves little: the wrong one is the usual mistake, and it cannot load PyTorch. */
async function torchCheck(python: string, useProcessor: boolean): Promise<Check> {
  const fix = `Run AI-Toolkit's installer (python3 -m manager install), or name its Python with ${placeOf("aiToolkitPython")}.`;
  try {
    const child = Bun.spawn([python, "-c", torchQuestion], {
      stdin: "ignore", stdout: "pipe", stderr: "ignore", timeout: pythonLimitMs, killSignal: "SIGKILL",
    });
    const [version = "", cuda] = (await new Response(child.stdout).text()).trim().split("\n");
    if ((await child.exited) === 0 && /^\d/.test(version)) {
      const detail = `${python} with PyTorch ${version.trim().slice(0, 40)}.`;
      if (cuda?.trim() !== "False" || useProcessor) return check(pythonId, pythonLabel, "ok", detail, "");
      return check(pythonId, pythonLabel, "warning", `${detail} ${noCuda}`, noCudaFix);
    }
    return check(pythonId, pythonLabel, "error", `${python} cannot load PyTorch.`, fix);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return check(pythonId, pythonLabel, "error", `${python} could not be started: ${why}`, fix);
  }
}

/** What AI-Toolkit 0.12.26 loads of a local FLUX.1 folder. The scheduler is made by the toolkit itself. */
const modelParts = ["transformer", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "vae"];

const modelId = "ai-toolkit-model";
const modelLabel = "Base model";

/** A folder can be looked at now; of a repository it is known whether it is here, and where it will be put. */
function modelCheck(settings: PluginSettings): Check {
  const model = settings.baseModel ?? defaultBaseModel;
  const place = modelPlace(settings, model);
  return place === null ? folderModelCheck(model) : repositoryCheck(model, place);
}

function repositoryCheck(model: string, { dir, missingBytes }: ModelPlace): Check {
  if (missingBytes === 0) return check(modelId, modelLabel, "ok", `${model} is in ${dir}.`, "");
  const free = freeAt(dir);
  const size = missingBytes < fluxDownloadBytes ? `${gigabytes(missingBytes)} of ${gigabytes(fluxDownloadBytes)} are missing` : gigabytes(missingBytes);
  const detail = `${model} (${size}) is downloaded into ${dir} by the first training.`;
  if (free === null || free >= missingBytes) return check(modelId, modelLabel, "ok", detail, "");
  return check(modelId, modelLabel, "warning", `${detail} Only ${gigabytes(free)} are free there.`,
    "Free some room on that disk, or name a folder on another one in HF_HUB_CACHE when Isengard is started.");
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

function folderModelCheck(baseModel: string): Check {
  const id = modelId, label = modelLabel;
  const fix = `Name the folder of FLUX.1-dev as Hugging Face has it (with transformer, vae and the rest) with ${placeOf("baseModel")}, or none, to download it.`;
  if (!existsSync(baseModel)) return check(id, label, "error", `${baseModel} does not exist.`, fix);
  if (!statSync(baseModel).isDirectory()) {
    return check(id, label, "error", `${baseModel} is a single file; AI-Toolkit loads FLUX.1-dev from a folder.`, fix);
  }
  const missing = modelParts.filter((part) => !existsSync(join(baseModel, part)));
  if (missing.includes("transformer")) {
    return check(id, label, "error", `${baseModel} has no folder transformer, so it is not a FLUX.1 model.`, fix);
  }
  if (missing.length > 0) return check(id, label, "error", `${baseModel} is not complete: ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing.`, fix);
  return check(id, label, "ok", baseModel, "");
}

const tokenId = "ai-toolkit-token";

/** A local base model needs no token. The token's value is not looked at beyond its presence. */
function tokenCheck(settings: PluginSettings): Check {
  const id = tokenId, label = "Hugging Face token";
  if (settings.baseModel !== null && (isAbsolute(settings.baseModel) || existsSync(settings.baseModel))) {
    return check(id, label, "ok", "Not needed: the base model is a folder on this machine.", "");
  }
  const fix = "Accept the licence at huggingface.co/black-forest-labs/FLUX.1-dev and put a read token into Settings, or start Isengard with it in HF_TOKEN.";
  const file = settings.hfTokenFile;
  const model = settings.baseModel ?? defaultBaseModel;
  if (modelPlace(settings, model)?.missingBytes === 0) return check(id, label, "ok", `Not needed: ${model} was downloaded already.`, "");
  if (file === null || !existsSync(file)) {
    const own = hubTokenFile(process.env);
    if (existsSync(own)) return check(id, label, "ok", `The token in ${own} is used.`, "");
    if (takenOverToken(process.env) !== null) return check(id, label, "ok", "The token in HF_TOKEN is taken over when Isengard starts.", "");
    // A repository of somebody else may be free to all, and so may a mirror.
    const isSurelyRefused = model === defaultBaseModel && process.env["HF_ENDPOINT"] === undefined;
    return check(id, label, isSurelyRefused ? "error" : "warning", "There is no token, and FLUX.1-dev is only given to accounts that accepted its licence.", fix);
  }
  const size = statSync(file).size;
  if (size === 0 || size > maxTokenBytes) return check(id, label, "warning", "The token's file is empty or does not hold a token.", fix);
  return check(id, label, "ok", "A token is set. Whether its account accepted the licence shows at the first download.", "");
}

/** Where huggingface_hub 1.23 looks when nothing else names a token. */
function hubTokenFile(env: Readonly<Record<string, string | undefined>>): string {
  return join(env["HF_HOME"] ?? join(env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "huggingface"), "token");
}

/** null: not installed, not told, or simulated. */
export function foundVersion({ mode, aiToolkit: { dir } }: PluginSettings): string | null {
  return mode === "fast-test" || dir === null ? null : versionOf(dir);
}

function versionOf(dir: string): string | null {
  try {
    return /VERSION\s*=\s*["']([^"']{1,40})["']/.exec(readFileSync(join(dir, "version.py"), "utf8"))?.[1] ?? null;
  } catch {
    // An older or incomplete copy has no such file; the caller says so.
    return null;
  }
}

function minor(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

function check(id: string, label: string, state: Check["state"], detail: string, fix: string): Check {
  return { id, label, state, detail, fix, checkedAt: new Date().toISOString() };
}
