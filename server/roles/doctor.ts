import { existsSync } from "node:fs";
import { dirname } from "node:path";
import type { Plugin } from "../../plugins/plugin.ts";
import type { Check } from "../contract/system.ts";
import { Engines } from "../engines.ts";
import { createLog } from "../base/log.ts";
import { self } from "../base/identity.ts";
import { GpuWatch } from "../system/gpu/gpu.ts";
import { systemStatus } from "../system/status.ts";
import { dataChecks } from "./doctor-data.ts";
import { loadPlace } from "./place.ts";
import { Redactor } from "../logs/redact.ts";

/** PyTorch is loaded for the checks, which can take long from a network volume. */
const checksDeadlineMs = 60_000;
const signs: Readonly<Record<Check["state"], string>> = { ok: "ok     ", warning: "warning", error: "MISSING", unknown: "unknown" };

/** `isengard doctor`: every check of the status page, without a server. Exit code 1 when something is missing. */
export async function doctor(flags: readonly string[], plugins: readonly Plugin[]): Promise<number> {
  const { config, paths } = loadPlace(flags);
  const mode = config.mode ?? "production";
  const log = createLog({ write: () => undefined }, "error");
  const engines = new Engines({ plugins, config, paths, self, log, redactor: new Redactor(), onChange: () => undefined });
  engines.prepare(mode);
  const gpu = new GpuWatch({
    command: () => (mode === "fast-test" ? [...self, "simulate", "nvidia-smi"] : [config.nvidiaSmi ?? "nvidia-smi"]),
    intervalMs: 60_000, log, onChange: () => undefined,
  });
  const found = await gpu.refresh();
  const status = await systemStatus({ gpu: () => found, services: () => [], checks: async () => Object.values(await engines.checks.fresh()).flat(), root: existingPart(paths.root), startedAt: 0, checksDeadlineMs });
  console.log(`Isengard checks this machine for the mode ${mode}.\n`);
  for (const check of status.checks) {
    console.log(`${signs[check.state]}  ${check.label}: ${check.detail}`);
    if (check.state !== "ok" && check.fix !== "") console.log(`         ${check.fix}`);
  }
  const data = await dataChecks(paths);
  for (const line of data) console.log(line);
  const missing = status.checks.filter((check) => check.state === "error").length;
  console.log(`\n${verdict(missing, data.length > 0 || status.checks.some((check) => check.state !== "ok"))}`);
  return missing === 0 ? 0 : 1;
}

function verdict(missing: number, remarks: boolean): string {
  if (missing > 0) return `${missing} ${missing === 1 ? "thing is" : "things are"} missing.`;
  return remarks ? "Nothing is known to stand in the way, but read the lines that are not ok." : "Everything that is needed is there.";
}

/** The folder is made by the first start; before that the disk that it will lie on is meant. */
function existingPart(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existingPart(dirname(path));
}
