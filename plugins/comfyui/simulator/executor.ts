import type { ComfyArguments } from "./arguments.ts";
import type { ModelFolders } from "./folders.ts";
import type { SimulatorLog } from "./log.ts";
import { runNode, type NodeResult } from "./nodes.ts";
import type { Scenario } from "./scenario.ts";
import type { Sockets } from "./sockets.ts";
import type { SimulatedGraph } from "./validate.ts";

export interface PromptItem {
  readonly number: number;
  readonly id: string;
  readonly graph: SimulatedGraph;
  readonly extraData: Readonly<Record<string, unknown>>;
  readonly outputs: readonly string[];
}

export interface Execution {
  readonly outputs: Record<string, unknown>;
  readonly messages: Array<readonly [type: string, data: Readonly<Record<string, unknown>>]>;
  readonly meta: Record<string, unknown>;
  ok: boolean;
}

export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

export interface Surroundings {
  readonly args: ComfyArguments;
  readonly folders: ModelFolders;
  readonly log: SimulatorLog;
  readonly scenario: Scenario;
  readonly sockets: Sockets;
}

const cacheLimit = 200;
const previewPauseMs = 60;

/** Results by class, inputs and everything upstream. A whole prompt can be answered from here, with the old file name. */
export class NodeCache {
  readonly #results = new Map<string, NodeResult>();

  get(key: string): NodeResult | undefined {
    return this.#results.get(key);
  }

  set(key: string, result: NodeResult): void {
    this.#results.set(key, result);
    const oldest = this.#results.keys().next();
    if (this.#results.size > cacheLimit && !oldest.done) this.#results.delete(oldest.value);
  }

  clear(): void {
    this.#results.clear();
  }
}

/** Runs one prompt and sends its events in the order of the real server (as recorded). */
export class PromptRun {
  readonly execution: Execution = { outputs: {}, messages: [], meta: {}, ok: false };
  readonly #around: Surroundings;
  readonly #cache: NodeCache;
  readonly #item: PromptItem;
  readonly #clientId: string | null;
  readonly #results = new Map<string, NodeResult>();
  readonly #executed: string[] = [];
  readonly #table: Record<string, Record<string, unknown>> = {};
  #previewAt = 0;
  #interrupted = false;
  currentNode: string | null = null;

  constructor(item: PromptItem, around: Surroundings, cache: NodeCache) {
    this.#item = item;
    this.#around = around;
    this.#cache = cache;
    this.#clientId = typeof item.extraData["client_id"] === "string" ? item.extraData["client_id"] : null;
  }

  get clientId(): string | null {
    return this.#clientId;
  }

  interrupt(): void {
    this.#interrupted = true;
  }

  async run(): Promise<Execution> {
    const keys = new Map<string, string>();
    const order = this.#order();
    for (const id of order) keys.set(id, this.#key(id, keys));
    const cached = order.filter((id) => this.#cache.get(keys.get(id) ?? "") !== undefined);
    this.#message("execution_start", {});
    this.#message("execution_cached", { nodes: cached.sort((left, right) => Number(left) - Number(right)) });
    try {
      for (const id of order) await this.#node(id, keys.get(id) ?? "");
      this.#message("execution_success", {});
      this.execution.ok = true;
    } catch (error) {
      this.#failed(error);
    }
    return this.execution;
  }

  /** Upstream nodes first, only those that an accepted output needs. */
  #order(): string[] {
    const order: string[] = [];
    const visit = (id: string) => {
      if (order.includes(id)) return;
      for (const value of Object.values(this.#item.graph[id]?.inputs ?? {})) if (Array.isArray(value)) visit(String(value[0]));
      order.push(id);
    };
    this.#item.outputs.forEach(visit);
    return order;
  }

  #key(id: string, keys: ReadonlyMap<string, string>): string {
    const node = this.#item.graph[id];
    const inputs = Object.entries(node?.inputs ?? {})
      .map(([name, value]) => [name, Array.isArray(value) ? [keys.get(String(value[0])), value[1]] : value]);
    return Bun.hash(JSON.stringify([node?.class_type, inputs])).toString(36);
  }

  async #node(id: string, key: string): Promise<void> {
    const cached = this.#cache.get(key);
    if (cached) {
      this.#results.set(id, cached);
      if (cached.ui) this.#shown(id, cached.ui, 1);
      return;
    }
    const node = this.#item.graph[id];
    if (!node) throw new Error(`There is no node ${id}.`);
    this.currentNode = id;
    this.#state(id, 0.0, 1.0, "running");
    this.#around.sockets.send("executing", { node: id, display_node: id, prompt_id: this.#item.id }, this.#clientId);
    this.#stopIfAsked();
    const inputs = Object.fromEntries(Object.entries(node.inputs)
      .map(([name, value]) => [name, Array.isArray(value) ? this.#linked(value) : value]));
    const result = await runNode(node.class_type, inputs, {
      ...this.#around, texts: { prompt: this.#item.graph, ...asRecord(this.#item.extraData["extra_pnginfo"]) },
      step: (value, max, preview) => this.#step(id, value, max, preview),
    });
    this.#results.set(id, result);
    this.#cache.set(key, result);
    this.#executed.push(id);
    if (result.ui) this.#shown(id, result.ui, null);
    const row = this.#table[id];
    this.#state(id, Number(row?.["max"] ?? 1), Number(row?.["max"] ?? 1), "finished");
  }

  #linked(link: readonly unknown[]): unknown {
    return this.#results.get(String(link[0]))?.outputs[Number(link[1])];
  }

  #shown(id: string, ui: NonNullable<NodeResult["ui"]>, cachedValue: number | null): void {
    this.execution.outputs[id] = ui;
    this.execution.meta[id] = { node_id: id, display_node: id, parent_node: null, real_node_id: id };
    this.#around.sockets.send("executed", { node: id, display_node: id, output: ui, prompt_id: this.#item.id }, this.#clientId);
    if (cachedValue !== null) this.#state(id, cachedValue, cachedValue, "finished");
  }

  async #step(id: string, value: number, max: number, preview: (() => Promise<Uint8Array>) | null): Promise<void> {
    const { sockets, args, scenario } = this.#around;
    this.#stopIfAsked();
    this.#state(id, value, max, "running");
    const due = value === 1 || value === max || performance.now() - this.#previewAt >= previewPauseMs;
    if (preview && args.previews && due) {
      const jpeg = await preview();
      this.#previewAt = performance.now();
      sockets.preview(jpeg, {
        node_id: id, prompt_id: this.#item.id, display_node_id: id, parent_node_id: null, real_node_id: id, image_type: "image/jpeg",
      }, this.#clientId);
    }
    sockets.sendOrBroadcast("progress", { value, max, prompt_id: this.#item.id, node: id }, this.#clientId);
    if (scenario.is("garbage")) sockets.garbage();
  }

  #state(id: string, value: number, max: number, state: "running" | "finished"): void {
    this.#table[id] = {
      value, max, state, node_id: id, prompt_id: this.#item.id, display_node_id: id, parent_node_id: null, real_node_id: id,
    };
    this.#around.sockets.sendOrBroadcast("progress_state", { prompt_id: this.#item.id, nodes: this.#table }, this.#clientId);
  }

  #stopIfAsked(): void {
    if (this.#interrupted) throw new Interrupted();
  }

  #failed(error: unknown): void {
    const id = this.currentNode ?? "";
    const about = { node_id: id, node_type: this.#item.graph[id]?.class_type ?? "", executed: [...this.#executed] };
    if (error instanceof Interrupted) {
      this.#around.log.line("INFO", "Processing interrupted");
      this.#message("execution_interrupted", about);
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    const type = error instanceof Error && error.name.startsWith("torch.") ? error.name : "Exception";
    const tip = type === "Exception" ? "" : "This error means you ran out of memory on your GPU.";
    this.#around.log.line("ERROR", `!!! Exception during processing !!! ${message}`);
    this.#message("execution_error", {
      ...about, exception_message: `${message}\n${tip}`, exception_type: type,
      traceback: ["  File \"/comfyui/execution.py\", line 545, in execute\n"],
      current_inputs: {}, current_outputs: [...this.#executed],
    });
  }

  /** Goes into the history and, for the client of the prompt, onto the socket; an interrupt is told to all without one. */
  #message(type: string, data: Readonly<Record<string, unknown>>): void {
    const full = { ...data, prompt_id: this.#item.id, timestamp: Date.now() };
    this.execution.messages.push([type, full]);
    if (type === "execution_interrupted") this.#around.sockets.sendOrBroadcast(type, full, this.#clientId);
    else this.#around.sockets.send(type, full, this.#clientId);
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? value as Readonly<Record<string, unknown>> : {};
}
