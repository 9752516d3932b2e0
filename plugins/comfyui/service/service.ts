import { existsSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { PluginSettings, ProbeResult, ServicePlace, ServiceSpec, StopRung, ToolCommand } from "../../plugin.ts";
import { ComfyClient } from "../protocol/client.ts";
import { explainExit } from "../failures/exit.ts";
import { chosenArguments, knownFlags, startOptions } from "./flags.ts";
import { requiredClasses } from "../recipes/graph.ts";
import { recordOf, textOf, textsOf } from "../protocol/json.ts";
import { modelPathsYaml } from "./models-yaml.ts";
import { placeOf } from "../../../server/shared/setting-words.ts";

/** SIGINT lets it remove its temp folder; SIGTERM kills it on the spot (seen with 0.3.64 and 0.33.0 on Linux). */
const stopLadder: readonly StopRung[] = [
  { signal: "SIGINT", target: "leader", waitMs: 15_000 },
  { signal: "SIGTERM", target: "group", waitMs: 5_000 },
  { signal: "SIGKILL", target: "group", waitMs: 5_000 },
];

const columns = 250;
const socketLimitMs = 3_000;

export function comfyService(settings: PluginSettings): ServiceSpec {
  /** Instances whose node classes and socket were checked; asking again on each probe would be 20 requests. */
  const checked = new Set<string>();
  return {
    name: "comfyui",
    label: "ComfyUI",
    attachUrl: settings.comfyui.url,
    startDeadlineMs: 180_000,
    idleStopMs: 600_000,
    unavailable: () => unavailable(settings),
    command: (place) => startCommand(settings, place),
    probe: (url, place) => probe(url, place, settings.comfyui.url !== null, checked),
    explain: explainExit,
  };
}

function unavailable(settings: PluginSettings): string | null {
  if (settings.mode === "fast-test" || settings.comfyui.url !== null) return null;
  const { dir } = settings.comfyui;
  if (dir === null) {
    return `Isengard does not know where ComfyUI is. Name its folder with ${placeOf("comfyuiDir")}, or a running one with ${placeOf("comfyuiUrl")}.`;
  }
  if (!existsSync(join(dir, "main.py"))) return `There is no main.py in ${dir}, so this is not a ComfyUI folder. Correct it: ${placeOf("comfyuiDir")}.`;
  return null;
}

/** The interpreter that was set, else the one of the usual environments in ComfyUI's folder, else the system's. */
export function pythonFor(dir: string, configured: string | null): string {
  if (configured !== null) return configured;
  const places = [[".venv", "bin", "python"], ["venv", "bin", "python"]].map((parts) => join(dir, ...parts));
  return places.find((path) => existsSync(path)) ?? "python3";
}

/** Each start has a temp folder named after its port, which ComfyUI leaves behind; at most the last one stays. */
async function removeEarlierTemp(place: ServicePlace): Promise<void> {
  const names = await readdir(place.dir).catch(() => []); // not there yet: nothing to remove
  const earlier = names.filter((name) => /^run-\d{1,5}$/.test(name) && name !== `run-${place.port}`);
  for (const name of earlier) await rm(join(place.dir, name), { recursive: true, force: true });
}

async function startCommand(settings: PluginSettings, place: ServicePlace): Promise<ToolCommand> {
  const folders = ["output", "input", "user", `run-${place.port}`].map((name) => join(place.dir, name));
  // The LoRA folder must exist before ComfyUI looks: it loses all LoRA loaders when a folder it has seen vanishes.
  for (const folder of [...folders, settings.lorasDir]) await mkdir(folder, { recursive: true });
  await removeEarlierTemp(place);
  const yaml = join(place.dir, "isengard_models.yaml");
  await Bun.write(yaml, modelPathsYaml(settings.lorasDir));
  const simulated = settings.mode === "fast-test";
  const options = startOptions(place.dir, place.port, yaml, !simulated && settings.useProcessor === true);
  return simulated ? simulatorCommand(settings, place, chosenArguments(options, null)) : comfyCommand(settings, options);
}

function simulatorCommand(settings: PluginSettings, place: ServicePlace, args: readonly string[]): ToolCommand {
  const [file = process.execPath, ...before] = settings.self;
  return {
    file, args: [...before, "simulate", "comfyui", ...args], cwd: place.dir, columns, stop: stopLadder,
    env: { ISENGARD_SIM_SPEED: String(settings.simulator.speed), ISENGARD_SIM_SCENARIO: settings.simulator.scenario },
  };
}

async function comfyCommand(settings: PluginSettings, options: ReturnType<typeof startOptions>): Promise<ToolCommand> {
  const dir = settings.comfyui.dir;
  if (dir === null) throw new Error(unavailable(settings) ?? "ComfyUI's folder is not set.");
  const python = pythonFor(dir, settings.comfyui.python);
  return {
    file: python, args: ["-u", "main.py", ...chosenArguments(options, await knownFlags(python, dir))], cwd: dir, columns, stop: stopLadder,
    // Its first GPU is then the one that nvidia-smi calls 0, where the queue expects it.
    env: { PYTHONUNBUFFERED: "1", PYTHONIOENCODING: "utf-8", CUDA_DEVICE_ORDER: "PCI_BUS_ID" },
  };
}

async function probe(url: string, place: ServicePlace, attached: boolean, checked: Set<string>): Promise<ProbeResult> {
  const client = new ComfyClient(url);
  try {
    const system = recordOf((await client.systemStats())["system"]);
    const argv = textsOf(system["argv"]);
    if (!attached && !isOurs(argv, place)) return { ready: false, why: "Another ComfyUI answers on this port." };
    const version = textOf(system["comfyui_version"], "unknown");
    const key = `${url} ${version} ${argv.join(" ")}`;
    if (!checked.has(key)) {
      const why = await shortcoming(client);
      if (why !== null) return { ready: false, why };
      checked.clear();
      checked.add(key);
    }
    return { ready: true, version };
  } catch (error) {
    return { ready: false, why: error instanceof Error ? error.message : String(error) };
  }
}

/** A stranger on the port has other folders; the temp folder even has the port in its name. */
function isOurs(argv: readonly string[], place: ServicePlace): boolean {
  const value = (flag: string) => argv[argv.indexOf(flag) + 1];
  return argv.includes("--port") && value("--port") === String(place.port) && value("--output-directory") === join(place.dir, "output");
}

async function shortcoming(client: ComfyClient): Promise<string | null> {
  const known = await client.nodeClasses(requiredClasses);
  const missing = requiredClasses.filter((name) => !known.has(name));
  if (missing.length > 0) return `This ComfyUI does not know ${missing.join(", ")}. Update it and look for failed imports in its log.`;
  return (await socketOpens(client)) ? null : "ComfyUI answers, but its WebSocket does not open.";
}

function socketOpens(client: ComfyClient): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = client.openSocket(crypto.randomUUID());
    const timer = setTimeout(() => finish(false), socketLimitMs);
    const finish = (opened: boolean) => {
      clearTimeout(timer);
      socket.onclose = socket.onerror = null;
      socket.close();
      resolve(opened);
    };
    socket.onopen = () => finish(true);
    socket.onerror = socket.onclose = () => finish(false);
  });
}
