import { join } from "node:path";
import type { ServiceHandle, ServiceSpec, Plugin, PluginParts, PluginSettings } from "../plugins/plugin.ts";
import type { Config } from "./base/config.ts";
import type { Mode, ServiceStatus } from "./contract/system.ts";
import { AppError, notFound } from "./base/errors.ts";
import type { Paths } from "./files/paths.ts";
import type { Service } from "./base/lifecycle.ts";
import type { Log } from "./base/log.ts";
import type { Redactor } from "./logs/redact.ts";
import { redactFailure } from "./logs/redact-failure.ts";
import { Supervisor } from "./services/supervisor.ts";
import { ToolCheckWatch } from "./base/tool-checks.ts";

export interface EnginesOptions {
  readonly plugins: readonly Plugin[];
  readonly config: Config;
  readonly paths: Paths;
  readonly self: readonly string[];
  readonly log: Log;
  readonly redactor: Redactor;
  onChange(status: ServiceStatus): void;
  /** The checks of the tools say something new. */
  onChecks?(): void;
}

const startAnswerMs = 10_000;
const modes: readonly Mode[] = ["fast-test", "production"];

/** The tools of the chosen mode: their backends, and the supervisor of those that live long. Empty before a choice. */
export class Engines implements Service {
  parts: PluginParts[] = [];
  private supervisor: Supervisor | null = null;
  readonly name = "engines";
  /** Aborted when the server leaves. */
  private readonly leaving = new AbortController();
  private clearing: Promise<void> = Promise.resolve();
  readonly checks: ToolCheckWatch;

  constructor(private readonly options: EnginesOptions) {
    this.checks = new ToolCheckWatch(() => this.parts, () => options.onChecks?.());
  }

  /** Makes the backends of `mode`. Tools of the mode before are stopped; one mode never uses the other's. */
  async use(mode: Mode): Promise<PluginParts[]> {
    await this.clearing;
    if (this.supervisor !== null) await this.stopAll("the mode was changed");
    this.prepare(mode);
    this.supervisor = new Supervisor({
      specs: this.parts.flatMap((part) => part.services ?? []).map((spec) => this.discreet(spec)),
      dir: join(this.options.paths.services, mode),
      self: this.options.self,
      serverFile: this.options.paths.serverFile,
      log: this.options.log,
      onChange: this.options.onChange,
    });
    await this.supervisor.start();
    this.clearing = this.stopOtherModes(mode);
    return this.parts;
  }

  /**
   * A server that was killed leaves its tools running, and only the next one in the same mode adopts them. In another
   * mode nobody else would ever end them, and they would keep the GPU's memory. Nothing of this mode waits for it.
   */
  private async stopOtherModes(mode: Mode): Promise<void> {
    const { self, log } = this.options;
    for (const other of modes.filter((each) => each !== mode)) {
      await Supervisor.stopLeftovers(join(this.options.paths.services, other), { self, log, detach: this.leaving.signal });
    }
  }

  private discreet(spec: ServiceSpec): ServiceSpec {
    return { ...spec, explain: (outcome, tail) => redactFailure(spec.explain(outcome, tail), this.options.redactor) };
  }

  /** Makes the backends only; no tool is looked at or started. */
  prepare(mode: Mode): void {
    const settings = this.settingsFor(mode);
    this.checks.forget();
    this.parts = this.options.plugins.map((plugin) => plugin.create(settings));
  }

  async acquire(name: string, signal?: AbortSignal): Promise<ServiceHandle> {
    return this.required().acquire(name, signal);
  }

  async stopService(name: string, why: string): Promise<void> {
    this.assertKnown(name);
    await this.supervisor?.stopService(name, why);
  }

  /**
   * Starts a tool by hand, also one that was given up. Resolves when it is ready, or while it still starts: a tool may
   * take minutes, and a hosting proxy cuts a request after 100 s. Everybody sees its state anyway.
   */
  async startService(name: string): Promise<void> {
    const supervisor = this.required();
    this.assertKnown(name);
    supervisor.clear(name);
    const started = supervisor.acquire(name).then((handle) => handle.release());
    started.catch(() => undefined); // after the answer its state tells
    await Promise.race([started, Bun.sleep(startAnswerMs)]);
  }

  statuses(): ServiceStatus[] {
    return this.supervisor?.statuses() ?? [];
  }

  /** For the lifecycle: the tools themselves were taken over by `use`. */
  start(): void {}

  /** Lets go of the tools; they run on. */
  async stop(): Promise<void> {
    this.leaving.abort(new Error("the server leaves"));
    await Promise.all([this.supervisor?.stop(), this.clearing]);
  }

  /** Where a ComfyUI answers that we do not look after, and which no simulator stands in for. */
  comfyuiUrl(mode: Mode | null): string | null {
    return mode === "production" ? this.options.config.comfyuiUrl : null;
  }

  private async stopAll(why: string): Promise<void> {
    for (const { name } of this.statuses()) await this.stopService(name, why);
    await this.supervisor?.stop();
  }

  private assertKnown(name: string): void {
    if (!this.statuses().some((status) => status.name === name)) throw notFound("tool", name);
  }

  private required(): Supervisor {
    if (this.supervisor === null) throw new AppError("mode_not_chosen", "Isengard does not know yet whether to simulate or to use the GPU.");
    return this.supervisor;
  }

  private settingsFor(mode: Mode): PluginSettings {
    const { config, paths, self } = this.options;
    return {
      mode, self,
      aiToolkit: { dir: config.aiToolkitDir, python: config.aiToolkitPython },
      comfyui: { dir: config.comfyuiDir, python: config.comfyuiPython, url: this.comfyuiUrl(mode) },
      lorasDir: paths.loras,
      modelsDir: paths.models,
      baseModel: config.baseModel,
      hfTokenFile: paths.hfTokenFile,
      useProcessor: config.useProcessor,
      simulator: { scenario: config.simulatorScenario, speed: config.simulatorSpeed },
    };
  }
}
