import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { JobProgress } from "../../server/contract/job.ts";
import type { OutputSettings } from "../../server/contract/output.ts";
import { waitFor } from "../../server/testing/wait.ts";
import type { ImageHost } from "../interfaces/image.ts";
import { ServiceCrash, ServiceUnavailable, type ExitOutcome, type ServiceHandle, type ServiceSpec } from "../plugin.ts";

/** What a server keeps for a job over its own crash: everything that `ImageHost` promises to be durable. */
export class DurableJob {
  readonly remembered = new Map<string, string>();
  readonly outputs = new Map<number, { bytes: Uint8Array; settings: OutputSettings }>();
  /** How often `output` was called for an index that was stored already. */
  doubled = 0;

  constructor(readonly id: string, readonly dir: string) {
    mkdirSync(dir, { recursive: true });
  }
}

/** One call of `generate`: its host, and what the person saw. */
export class TestImageHost implements ImageHost {
  readonly attempt = 1;
  readonly correlationId = "cor-test";
  readonly seen: Array<Omit<JobProgress, "updatedAt" | "etaSeconds">> = [];
  readonly warnings: string[] = [];
  readonly logged: string[] = [];
  readonly previews: Array<{ index: number; bytes: Uint8Array }> = [];
  readonly #abort = new AbortController();
  /** Called before each durable step, so that a test can crash there. */
  onRemember: (key: string) => void = () => {};
  onOutput: (index: number) => Promise<void> | void = () => {};

  constructor(readonly job: DurableJob, readonly services: TestServices) {}

  get jobId(): string { return this.job.id; }
  get jobDir(): string { return this.job.dir; }
  get attemptDir(): string { return this.job.dir; }
  get signal(): AbortSignal { return this.#abort.signal; }
  cancel(): void { this.#abort.abort(); }

  run(): Promise<never> { throw new Error("An image backend talks to its service and runs nothing itself."); }
  service(name: string): Promise<ServiceHandle> { return this.services.use(name); }
  progress(update: Omit<JobProgress, "updatedAt" | "etaSeconds">): void { this.seen.push(update); }
  metrics(): void { /* Pictures have no metrics. */ }
  metricsUndone(): void { /* as above */ }
  artifact(): void { /* Pictures are outputs, not artifacts. */ }
  artifactGone(): void {}
  log(_level: string, event: string, message: string): void { this.logged.push(`${event}: ${message}`); }
  warn(sentence: string): void { if (!this.warnings.includes(sentence)) this.warnings.push(sentence); }
  remember(key: string, value: string): void {
    this.onRemember(key);
    this.job.remembered.set(key, value);
  }
  recall(key: string): string | null { return this.job.remembered.get(key) ?? null; }
  preview(index: number, bytes: Uint8Array): void { this.previews.push({ index, bytes }); }
  hasOutput(index: number): boolean { return this.job.outputs.has(index); }
  async output(index: number, bytes: Uint8Array, settings: OutputSettings): Promise<void> {
    await this.onOutput(index);
    if (this.job.outputs.has(index)) this.job.doubled += 1;
    else this.job.outputs.set(index, { bytes, settings });
  }
}

interface Running {
  readonly child: Bun.Subprocess;
  readonly port: number;
  readonly instance: string;
  readonly gone: AbortController;
  readonly lines: string[];
}

const lineLimit = 500;

/** Starts real service processes through `ServiceSpec`, as the supervisor would, and ends every one of them. */
export class TestServices {
  readonly started: Running[] = [];
  readonly #current = new Map<string, Running>();
  readonly #starting = new Map<string, Promise<Running>>();

  constructor(readonly specs: readonly ServiceSpec[], readonly dir: string) {}

  async use(name: string): Promise<ServiceHandle> {
    const spec = this.specs.find((candidate) => candidate.name === name);
    const why = spec ? spec.unavailable() : `There is no service ${name}.`;
    if (!spec || why !== null) throw new ServiceUnavailable(why ?? "");
    const running = this.#current.get(name) ?? await this.#start(spec);
    return {
      url: `http://127.0.0.1:${running.port}`, dir: this.#place(spec, running.port).dir, instance: running.instance, gone: running.gone.signal,
      release: () => {},
      restart: async () => {
        this.#current.delete(name);
        running.gone.abort();
        await this.#end(running, "SIGKILL");
      },
    };
  }

  /** The running process of a service, for tests that hurt it. */
  process(name: string): Running | null { return this.#current.get(name) ?? null; }

  async crash(name: string): Promise<void> {
    const running = this.#current.get(name);
    if (running) await this.#end(running, "SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#starting.values());
    for (const running of this.started) await this.#end(running, "SIGKILL");
  }

  #start(spec: ServiceSpec): Promise<Running> {
    const starting = this.#starting.get(spec.name) ?? this.#launch(spec).finally(() => this.#starting.delete(spec.name));
    this.#starting.set(spec.name, starting);
    return starting;
  }

  #place(spec: ServiceSpec, port: number): { dir: string; port: number } {
    return { dir: join(this.dir, spec.name), port };
  }

  async #launch(spec: ServiceSpec): Promise<Running> {
    const port = freePort();
    const place = this.#place(spec, port);
    mkdirSync(place.dir, { recursive: true });
    const command = await spec.command(place);
    const child = Bun.spawn([command.file, ...command.args], {
      cwd: command.cwd, env: { ...process.env, ...command.env }, stdin: "ignore", stdout: "ignore", stderr: "pipe",
    });
    const running: Running = { child, port, instance: crypto.randomUUID(), gone: new AbortController(), lines: [] };
    this.started.push(running);
    void this.#keepLines(running);
    void child.exited.then(() => this.#ended(spec, running));
    await this.#ready(spec, place, running);
    this.#current.set(spec.name, running);
    return running;
  }

  async #ready(spec: ServiceSpec, place: { dir: string; port: number }, running: Running): Promise<void> {
    await waitFor(`${spec.label} is ready`, async () => {
      if (running.child.exitCode !== null || running.child.signalCode !== null) {
        const code = running.child.exitCode ?? 0;
        const failure = spec.explain({ kind: "exited", code, stopped: false }, running.lines);
        throw new ServiceUnavailable(failure.why, failure);
      }
      return (await spec.probe(`http://127.0.0.1:${place.port}`, place)).ready;
    }, spec.startDeadlineMs);
  }

  async #keepLines(running: Running): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of running.child.stderr as ReadableStream<Uint8Array>) {
      running.lines.push(...decoder.decode(bytes, { stream: true }).split("\n"));
      running.lines.splice(0, Math.max(0, running.lines.length - lineLimit));
    }
  }

  #ended({ name, explain }: ServiceSpec, running: Running): void {
    if (this.#current.get(name) === running) this.#current.delete(name);
    const { signalCode, exitCode } = running.child;
    const end: ExitOutcome = signalCode === null
      ? { kind: "exited", code: exitCode ?? 0, stopped: false } : { kind: "signalled", signal: String(signalCode), stopped: false };
    running.gone.abort(new ServiceCrash(explain(end, running.lines)));
  }

  async #end(running: Running, signal: "SIGKILL" | "SIGINT"): Promise<void> {
    running.child.kill(signal);
    await running.child.exited;
  }
}

function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
}
