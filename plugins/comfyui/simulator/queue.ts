import { NodeCache, PromptRun, type Execution, type PromptItem, type Surroundings } from "./executor.ts";

export interface HistoryEntry {
  readonly prompt: readonly unknown[];
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly status: { readonly status_str: string; readonly completed: boolean; readonly messages: Execution["messages"] };
  readonly meta: Readonly<Record<string, unknown>>;
}

const historyLimit = 10_000;
const junk = ["\u0007\u001b[2J{]}", "Traceback (most recent call last", "100%|██████████| 0/0 [??:??<??, nanit/s]"];

/** Queue and history as ComfyUI keeps them: in memory only, one prompt at a time, smallest number first. */
export class PromptQueue {
  readonly #around: Surroundings;
  readonly #cache = new NodeCache();
  readonly #pending: PromptItem[] = [];
  readonly #history = new Map<string, HistoryEntry>();
  #running: { readonly item: PromptItem; readonly run: PromptRun } | null = null;
  #working = false;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  get remaining(): number {
    return this.#pending.length + (this.#running ? 1 : 0);
  }

  /** For a socket that comes back while its prompt runs. */
  get current(): { clientId: string | null; node: string } | null {
    const node = this.#running?.run.currentNode;
    return this.#running && node ? { clientId: this.#running.run.clientId, node } : null;
  }

  put(item: PromptItem): void {
    this.#pending.push(item);
    this.#pending.sort((left, right) => left.number - right.number);
    this.#tellStatus();
    if (!this.#working) void this.#work();
  }

  /** Only what waits; unknown ids are ignored. */
  remove(ids: readonly string[]): boolean {
    const before = this.#pending.length;
    for (const id of ids) {
      const index = this.#pending.findIndex((item) => item.id === id);
      if (index >= 0) this.#pending.splice(index, 1);
    }
    if (this.#pending.length === before) return false;
    this.#tellStatus();
    return true;
  }

  clear(): void {
    this.#pending.length = 0;
    this.#tellStatus();
  }

  /** null: whatever runs. A wrong id changes nothing. */
  interrupt(promptId: string | null): boolean {
    const running = this.#running;
    const { log } = this.#around;
    if (promptId !== null && running?.item.id !== promptId) {
      log.line("INFO", `Prompt ${promptId} is not currently running, skipping interrupt`);
      return false;
    }
    log.line("INFO", promptId === null ? "Global interrupt (no prompt_id specified)" : `Interrupting prompt ${promptId}`);
    running?.run.interrupt();
    return running !== null;
  }

  forgetResults(): void {
    this.#cache.clear();
  }

  list(): { queue_running: unknown[]; queue_pending: unknown[] } {
    return { queue_running: this.#running ? [tuple(this.#running.item)] : [], queue_pending: this.#pending.map(tuple) };
  }

  ids(): { running: readonly string[]; pending: readonly string[]; ended: readonly string[] } {
    const running = this.#running ? [this.#running.item.id] : [];
    return { running, pending: this.#pending.map((item) => item.id), ended: [...this.#history.keys()] };
  }

  entry(id: string): HistoryEntry | undefined {
    return this.#history.get(id);
  }

  history(maxItems: number | null): Record<string, HistoryEntry> {
    const entries = [...this.#history];
    return Object.fromEntries(maxItems === null ? entries : entries.slice(-maxItems));
  }

  forget(ids: readonly string[] | null): void {
    if (ids === null) this.#history.clear();
    else for (const id of ids) this.#history.delete(id);
  }

  async #work(): Promise<void> {
    this.#working = true;
    const { log, scenario, sockets } = this.#around;
    for (let item = this.#pending.shift(); item; item = this.#pending.shift()) {
      const run = new PromptRun(item, this.#around, this.#cache);
      this.#running = { item, run };
      this.#tellStatus();
      const begun = performance.now();
      if (scenario.is("garbage")) for (const line of junk) log.raw(`${line}\n`);
      const execution = await run.run();
      log.line("INFO", `\u001b[32mPrompt executed in ${((performance.now() - begun) / 1000).toFixed(2)} seconds\u001b[0m`);
      this.#remember(item, execution);
      this.#running = null;
      this.#tellStatus();
      // Always the last word, and only for prompts with a client; the history can be read by now.
      sockets.send("executing", { node: null, prompt_id: item.id }, run.clientId);
    }
    this.#working = false;
  }

  #remember(item: PromptItem, { outputs, messages, meta, ok }: Execution): void {
    this.#history.set(item.id, {
      prompt: tuple(item), outputs, meta, status: { status_str: ok ? "success" : "error", completed: ok, messages },
    });
    const oldest = this.#history.keys().next();
    if (this.#history.size > historyLimit && !oldest.done) this.#history.delete(oldest.value);
  }

  #tellStatus(): void {
    this.#around.sockets.broadcast("status", { status: { exec_info: { queue_remaining: this.remaining } } });
  }
}

function tuple(item: PromptItem): readonly unknown[] {
  return [item.number, item.id, item.graph, item.extraData, item.outputs];
}
