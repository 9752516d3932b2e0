import type { ServiceHandle } from "../../plugin.ts";
import { ComfyClient } from "../protocol/client.ts";
import type { ComfyEvent } from "../protocol/events.ts";
import { loaderClasses, requiredClasses, type ModelFiles } from "../recipes/graph.ts";
import type { NodeClasses } from "../protocol/object-info.ts";
import { ComfySocket } from "../protocol/socket.ts";
import type { Bell } from "./wait.ts";
import { tooLargeModels, weightsOf, type Weights } from "../recipes/weights.ts";

/** What classes an instance knows does not change while it lives; the lists of files in its loaders do. */
const fixedClasses = requiredClasses.filter((name) => !(loaderClasses as readonly string[]).includes(name));
let fixed: { readonly instance: string; readonly classes: NodeClasses } | null = null;

/** One connection of one job to one running ComfyUI: client, socket and the classes it knows. */
export class Engine {
  readonly client: ComfyClient;
  readonly socket: ComfySocket;
  readonly #onEvent: (event: ComfyEvent) => void;
  #inherited: ComfySocket | null = null;
  #released = false;
  #tooLarge: ReadonlySet<string> = new Set();

  constructor(readonly handle: ServiceHandle, onEvent: (event: ComfyEvent) => void) {
    this.client = new ComfyClient(handle.url);
    this.#onEvent = onEvent;
    this.socket = new ComfySocket(this.client, onEvent);
  }

  /**
   * Listens also to what goes to a connection of an earlier server, so that the progress of its prompt is seen. Nothing
   * relies on it: if that connection was not quite dead yet, ComfyUI may fall silent on this one (0.33.0, `server.py`: the end of a socket takes away whatever has its id).
   */
  inherit(clientId: string): void {
    this.#inherited?.close();
    this.#inherited = new ComfySocket(this.client, this.#onEvent, clientId);
    void this.#inherited.open();
  }

  /** Opens the socket, reads the classes and which models are too large for the GPU, at the same time. */
  async connect(): Promise<NodeClasses> {
    const [classes, tooLarge] = await Promise.all([this.#classes(), tooLargeModels(this.client), this.socket.open()]);
    this.#tooLarge = tooLarge;
    return classes;
  }

  /** How the model of these files is to be held; known once `connect` has resolved. */
  weightsOf(files: ModelFiles): Weights {
    return weightsOf(files, this.#tooLarge);
  }

  async #classes(): Promise<NodeClasses> {
    const instance = `${this.handle.url} ${this.handle.instance}`;
    if (fixed?.instance === instance) return new Map([...fixed.classes, ...await this.client.nodeClasses(loaderClasses)]);
    const all = await this.client.nodeClasses(requiredClasses);
    fixed = { instance, classes: new Map([...all].filter(([name]) => (fixedClasses as readonly string[]).includes(name))) };
    return all;
  }

  /** A request can break off a moment before the end of the tool is known. */
  async isGoneWithin(limitMs: number, bell: Bell, signal: AbortSignal): Promise<boolean> {
    const { gone } = this.handle;
    await bell.wait(limitMs, gone, signal);
    return gone.aborted;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.socket.close();
    this.#inherited?.close();
    this.handle.release();
  }
}
