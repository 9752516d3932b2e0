import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Check, CheckState } from "../../server/contract/system.ts";
import { noCuda, noCudaFix, torchQuestion } from "../../server/shared/torch-words.ts";
import { placeOf } from "../../server/shared/setting-words.ts";
import type { PluginSettings } from "../plugin.ts";
import { ComfyClient } from "./protocol/client.ts";
import { loaderClasses } from "./recipes/graph.ts";
import { recordOf, textOf } from "./protocol/json.ts";
import { listsOf, usableFiles, type ModelLists } from "./recipes/layout.ts";
import { modelFilesOf } from "./recipes/model-files.ts";
import { pythonFor } from "./service/service.ts";
import { isOlder, oldestVersion, saferVersion } from "./service/version.ts";

const pythonLimitMs = 30_000;

/** Looks at the installation, or asks the attached one. Nothing is started and nothing is changed. */
export async function setupChecks(settings: PluginSettings): Promise<Check[]> {
  if (settings.mode === "fast-test") return [check(tool, "ok", "Simulated in fast-test mode: pictures are drawn, not generated.", "")];
  if (settings.comfyui.url !== null) return attachedChecks(settings.comfyui.url);
  const { dir } = settings.comfyui;
  if (dir === null || !existsSync(join(dir, "main.py"))) {
    const detail = dir === null ? "No folder is set." : `There is no main.py in ${dir}.`;
    return [check(tool, "error", detail, `Name ComfyUI's folder with ${placeOf("comfyuiDir")}, or a running one with ${placeOf("comfyuiUrl")}.`)];
  }
  return [versionResult(versionOf(dir) ?? "", ""), await pythonCheck(dir, settings), modelCheck(await modelFilesOf(dir))];
}

type Subject = Pick<Check, "id" | "label">;
const tool: Subject = { id: "comfyui", label: "ComfyUI" };
const interpreter: Subject = { id: "comfyui-python", label: "ComfyUI's Python" };
const modelFiles: Subject = { id: "comfyui-models", label: "FLUX.1 model files" };

function check({ id, label }: Subject, state: CheckState, detail: string, fix: string): Check {
  return { id, label, state, detail, fix, checkedAt: new Date().toISOString() };
}

async function attachedChecks(url: string): Promise<Check[]> {
  try {
    const client = new ComfyClient(url);
    const stats = await client.systemStats();
    const version = textOf(recordOf(stats["system"])["comfyui_version"]);
    if (version !== "") told = { url, version: version.slice(0, 40) };
    const found = versionResult(version, "It runs elsewhere: it must see the LoRA files under the same names.");
    return [found, modelCheck(listsOf(await client.nodeClasses(loaderClasses)))];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [check(tool, "error", why, `Start that ComfyUI, or correct its address: ${placeOf("comfyuiUrl")}.`)];
  }
}

/** null: not installed, not told, or simulated; of one that runs elsewhere, what it said when it was asked last. */
export function foundVersion({ mode, comfyui: { dir, url } }: PluginSettings): string | null {
  if (mode === "fast-test") return null;
  if (url !== null) return told?.url === url ? told.version : null;
  return dir === null ? null : versionOf(dir);
}

let told: { readonly url: string; readonly version: string } | null = null;

function versionOf(dir: string): string | null {
  try {
    return /__version__ = "([^"]{1,40})"/.exec(readFileSync(join(dir, "comfyui_version.py"), "utf8"))?.[1] ?? null;
  } catch {
    return null; // an incomplete copy; the checks say so
  }
}

function versionResult(version: string, note: string): Check {
  const detail = (text: string) => `${text} ${note}`.trim();
  if (!/^\d+\.\d+/.test(version)) return check(tool, "warning", detail("Its version is not known."), `Use version ${oldestVersion} or newer.`);
  if (isOlder(version, oldestVersion)) {
    return check(tool, "error", detail(`Version ${version} cannot stop one picture without touching others.`), `Update it to ${saferVersion} or newer.`);
  }
  if (isOlder(version, saferVersion)) {
    return check(tool, "warning", detail(`Version ${version} works, but has known security holes.`), `Update it to ${saferVersion} or newer.`);
  }
  return check(tool, "ok", detail(`Version ${version}.`), "");
}

async function pythonCheck(dir: string, settings: PluginSettings): Promise<Check> {
  const python = pythonFor(dir, settings.comfyui.python);
  try {
    const child = Bun.spawn([python, "-c", torchQuestion], {
      cwd: dir, stdin: "ignore", stdout: "pipe", stderr: "ignore", timeout: pythonLimitMs, killSignal: "SIGKILL",
    });
    const [version = "", cuda] = (await new Response(child.stdout).text()).trim().split("\n");
    if ((await child.exited) === 0) {
      const detail = `${python} with PyTorch ${version.trim().slice(0, 40)}.`;
      if (cuda?.trim() !== "False" || settings.useProcessor === true) return check(interpreter, "ok", detail, "");
      return check(interpreter, "warning", `${detail} ${noCuda}`, noCudaFix);
    }
    return check(interpreter, "error", `${python} cannot load PyTorch.`, "Install ComfyUI's requirements.txt into this environment.");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return check(interpreter, "error", `${python} could not be started: ${why}`,
      `Correct the path of ComfyUI's Python: ${placeOf("comfyuiPython")}.`);
  }
}

/** Before each picture the running ComfyUI itself is asked, so what a look at files alone misses is no error. */
function modelCheck(lists: ModelLists): Check {
  const { found, lacks } = usableFiles(lists);
  if (found.length > 0) return check(modelFiles, "ok", `${found.join(", ")}.`, "");
  return check(modelFiles, "warning", lacks === null ? "No FLUX.1 file was found." : `${lacks.what} ${lacks.why}`, lacks?.fix ?? "");
}
