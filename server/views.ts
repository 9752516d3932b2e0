import type { Boot } from "./contract/boot.ts";
import type { Check, Info, Mode, SettingRow, Settings, SystemStatus } from "./contract/system.ts";
import { build, version } from "./base/identity.ts";
import { configKeys, type ConfigKeyName } from "./base/config-keys.ts";
import type { ConfigSource } from "./base/config.ts";
import type { Core } from "./core.ts";
import { AppError } from "./base/errors.ts";
import { hfTokenIsSet, saveHfToken } from "./files/hf-token.ts";
import type { ToolChecks } from "./base/tool-checks.ts";
import { keepMs } from "./library/upkeep/keep-time.ts";
import { systemStatus } from "./system/status.ts";

const bootJobs = 50;

export type Views = ReturnType<typeof createViews>;

/** What the routes of the system, the settings and the page ask for. */
export function createViews(core: Core) {
  const info = (): Info => describeInfo(core);
  const statusWith = (checks: () => Promise<Check[]>): Promise<SystemStatus> =>
    systemStatus({
      gpu: () => core.gpu.status(), services: () => core.engines.statuses(), checks, root: core.paths.data, startedAt: 0,
      obstacles: () => core.readiness.known(),
      dataChecks: () => [...core.data.disk.checks(), ...core.data.checks(), ...core.leftovers.checks(), ...core.purge.checks(), ...core.inventory.checks()],
    });
  const status = (fresh = false) => statusWith(async () => {
    if (fresh) void core.gpu.refresh();
    return flat(await (fresh ? core.engines.checks.fresh() : core.engines.checks.recent()));
  });
  const useMode = async (mode: Mode): Promise<void> => {
    core.backends.beginChange();
    try {
      core.backends.choose(await core.engines.use(mode), mode);
    } catch (error) {
      core.backends.giveUpChange();
      throw error;
    }
    core.bus.publish({ type: "info.changed", info: info() });
    core.dispatcher.wake();
    void core.gpu.refresh();
  };
  return {
    system: {
      info, status,
      // The place in the events is taken before anything is read: what happens meanwhile is told once more, never left out.
      boot: async (): Promise<Boot> => {
        const { epoch, seq } = core.hub;
        return {
          epoch, seq, build,
          info: info(),
          characters: core.characters.list(),
          jobs: core.queue.list({ limit: bootJobs }),
          loras: core.loras.list(),
          status: await statusWith(() => Promise.resolve(flat(core.engines.checks.known()))),
          simulated: core.mode() === "fast-test",
          keepSeconds: keepMs / 1000,
        };
      },
      chooseMode: (mode: Mode) => chooseMode(core, mode, useMode),
      stopService: (name: string) => core.engines.stopService(name, "you asked for it"),
      startService: (name: string) => core.engines.startService(name),
      resumeGpu: (id: string) => core.gpu.resume(id),
    },
    settings: {
      settings: (): Settings => ({ rows: settingRows(core), hfTokenSet: hfTokenIsSet(core.paths), tunnelCommand: tunnelCommand(core) }),
      saveHfToken: (token: string | null) => {
        if (token !== null) core.redactor.addSecret(token);
        saveHfToken(core.paths, token);
      },
    },
    useMode,
  };
}

function flat(checks: ToolChecks | null): Check[] {
  return checks === null ? [] : [...checks.training, ...checks.image];
}

function describeInfo({ backends, mode, config, sources }: Core): Info {
  return {
    name: "Isengard", version, build, mode: mode(), modeFixed: config.mode === null ? null : modeFixedBy[sources.mode],
    ...backends.capabilities(),
    video: backends.video,
  };
}

const modeFixedBy: Readonly<Record<ConfigSource, string>> = {
  flag: "It was fixed with --mode when Isengard was started. Start it without that option to choose here.",
  environment: "It was fixed by the variable ISENGARD_MODE when Isengard was started. Start it without that variable to choose here.",
  file: "It is fixed by mode in isengard.json. Remove it there and start Isengard again to choose here.",
  default: "",
};

/** The mode of a flag, the environment or the file cannot be changed from the page; nor while jobs are open. */
async function chooseMode(core: Core, mode: Mode, useMode: (mode: Mode) => Promise<void>): Promise<void> {
  if (core.mode() === mode && core.backends.chosen) return;
  if (core.config.mode !== null) {
    throw new AppError("conflict", "The mode is fixed for this start.", {
      why: modeFixedBy[core.sources.mode],
    });
  }
  if (core.backends.isChanging) throw new AppError("conflict", "The mode is being changed.", { fix: "Wait a few seconds, then look which one it is." });
  const open = core.store.openIn(core.mode());
  if (open > 0) {
    throw new AppError("conflict", "The mode cannot change while jobs are open.", {
      why: `${open === 1 ? "1 job runs or waits" : `${open} jobs run or wait`} in the present mode, and none of them may run in the other.`,
      fix: "Wait until they have ended, or stop them first.",
    });
  }
  core.saved.set("mode", mode);
  await useMode(mode);
}

function settingRows({ config, sources, saved, mode }: Core): SettingRow[] {
  return (Object.keys(configKeys) as ConfigKeyName[]).map((key) => {
    const isSavedMode = key === "mode" && config.mode === null && saved.get("mode") !== null;
    const value = key === "mode" ? mode() : config[key];
    return {
      key, label: configKeys[key].flag, help: configKeys[key].help,
      value: value === null || (Array.isArray(value) && value.length === 0) ? "not set" : String(value),
      source: isSavedMode ? "saved" : sources[key],
    };
  });
}

function tunnelCommand({ address }: Core): string {
  return `ssh -N -L ${address.port}:127.0.0.1:${address.port} user@this-machine`;
}
