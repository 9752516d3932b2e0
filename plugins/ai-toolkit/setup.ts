import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Check } from "../../server/contract/system.ts";
import type { PluginSettings } from "../plugin.ts";
import { toolVersion } from "./capabilities.ts";
import { pythonOf } from "./command.ts";

const maxTokenBytes = 4096;

/** Looks at AI-Toolkit's folder, its Python and the model's token. Reads a few small files and starts nothing. */
export function setupChecks(settings: PluginSettings): Check[] {
  if (settings.mode === "fast-test") {
    return [check("ai-toolkit", "AI-Toolkit", "ok", "Played by Isengard in fast-test mode; nothing needs to be installed.", "")];
  }
  return [folderCheck(settings), pythonCheck(settings), tokenCheck(settings)];
}

/** Why no training can start here, as a sentence, or null. */
export function missingPart(settings: PluginSettings): string | null {
  return setupChecks(settings).find((entry) => entry.state === "error")?.detail ?? null;
}

function folderCheck(settings: PluginSettings): Check {
  const id = "ai-toolkit", label = "AI-Toolkit";
  const dir = settings.aiToolkit.dir;
  const fix = "Install AI-Toolkit (github.com/ostris/ai-toolkit) and set its folder in Settings.";
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

function pythonCheck(settings: PluginSettings): Check {
  const id = "ai-toolkit-python", label = "AI-Toolkit's Python";
  const fix = "Run AI-Toolkit's installer (python3 -m manager install), or set its Python in Settings.";
  const python = pythonOf(settings);
  if (python === null) return check(id, label, "error", "There is no .venv or venv in AI-Toolkit's folder.", fix);
  if (!existsSync(python)) return check(id, label, "error", `${python} does not exist.`, fix);
  return check(id, label, "ok", python, "");
}

/** A local base model needs no token. The token's value is not looked at beyond its presence. */
function tokenCheck(settings: PluginSettings): Check {
  const id = "ai-toolkit-token", label = "Hugging Face token";
  if (settings.baseModel !== null && existsSync(settings.baseModel)) {
    return check(id, label, "ok", "Not needed: the base model is a local folder.", "");
  }
  const fix = "Accept the licence at huggingface.co/black-forest-labs/FLUX.1-dev and put a read token into Settings.";
  const file = settings.hfTokenFile;
  if (file === null || !existsSync(file)) {
    return check(id, label, "warning", "There is no token, and FLUX.1-dev is only given to accounts that accepted its licence.", fix);
  }
  const size = statSync(file).size;
  if (size === 0 || size > maxTokenBytes) return check(id, label, "warning", "The token's file is empty or does not hold a token.", fix);
  return check(id, label, "ok", "A token is set. Whether its account accepted the licence shows at the first download.", "");
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
