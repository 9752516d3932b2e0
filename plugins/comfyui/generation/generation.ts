import type { OutputSettings } from "../../../server/contract/output.ts";
import type { Failure } from "../../../server/contract/job.ts";
import type { ImageHost, ImageJob, ImageOutcome } from "../../interfaces/image.ts";
import { ServiceCrash } from "../../plugin.ts";
import { collectPicture, discardPicture } from "./collect.ts";
import { ComfyUnreachable } from "../protocol/client.ts";
import { Engine } from "./engine.ts";
import type { ComfyEvent } from "../protocol/events.ts";
import { failure, lostWith, runtimeFailure } from "../failures/failures.ts";
import type { Graph } from "../protocol/prompt-graph.ts";
import { fluxGraph, sampler, scheduler, type LoraUse } from "../recipes/graph.ts";
import type { OutputFile, PromptEnd } from "../protocol/history.ts";
import { chooseFiles } from "../recipes/layout.ts";
import type { GenerationLimits } from "./limits.ts";
import { lastLines } from "../service/log-tail.ts";
import { LoraCheck } from "./lora-check.ts";
import type { NodeClasses } from "../protocol/object-info.ts";
import { filesLoadedBy, prepareGraph } from "./preflight.ts";
import { GenerationProgress } from "./progress.ts";
import { gaveUp, locate, submit } from "./submit.ts";
import { Bell, orAborted } from "./wait.ts";
import { cancelPrompt, watchPrompt, type Watched } from "./watch.ts";

const stoppedOutside = failure("stopped_outside", "The picture was stopped.", "Somebody stopped it in ComfyUI itself.", "Start the generation again.");
const previewLimitBytes = 8 * 1024 * 1024;

/** One call of `generate`: makes the missing pictures one after the other, each as one prompt. */
export class Generation {
  readonly #job: ImageJob;
  readonly #host: ImageHost;
  readonly #loras: readonly LoraUse[];
  readonly #limits: GenerationLimits;
  readonly #progress: GenerationProgress;
  readonly #bell = new Bell();
  #engine: Engine | null = null;
  #classes: NodeClasses = new Map();
  #current: { readonly index: number; readonly promptId: string; clientId: string | null; lastEvent: number } | null = null;
  readonly #loraCheck: LoraCheck;

  constructor(job: ImageJob, host: ImageHost, loras: readonly LoraUse[], limits: GenerationLimits) {
    this.#job = job;
    this.#host = host;
    this.#loras = loras;
    this.#limits = limits;
    this.#progress = new GenerationProgress(job, host);
    this.#loraCheck = new LoraCheck(job, host);
  }

  async run(): Promise<ImageOutcome> {
    try {
      for (const index of this.#job.seeds.keys()) {
        if (this.#host.hasOutput(index)) continue;
        const ended = await this.#picture(index);
        if (ended) return ended;
      }
      return { kind: "succeeded" };
    } finally {
      this.#engine?.release();
    }
  }

  /** null: stored, go on with the next. */
  async #picture(index: number): Promise<ImageOutcome | null> {
    for (let attempt = 1; attempt <= this.#limits.tries; attempt++) {
      try {
        const ended = await this.#try(index);
        if (ended !== "again") return ended;
      } catch (error) {
        if (!(error instanceof ComfyUnreachable) || !(await this.#engine?.isGoneWithin(this.#limits.goneMs, this.#bell, this.#host.signal))) throw error;
        const lost = lostBy(this.#engine);
        if (lost !== null) return lost;
      }
    }
    return { kind: "failed", failure: gaveUp(this.#limits.tries) };
  }

  async #try(index: number): Promise<ImageOutcome | null | "again"> {
    const engine = await this.#ready();
    if (!engine) return { kind: "stopped" };
    const planned = this.#plan(index);
    if (!planned.ok) return { kind: "failed", failure: planned.failure };
    this.#progress.picture(index, planned.graph);
    const promptId = await this.#submitted(engine, index, planned.graph);
    if (typeof promptId !== "string") return { kind: "failed", failure: promptId };
    return this.#conclude(engine, index, promptId, await this.#watch(engine, index, promptId));
  }

  /** The engine of before while it lives, else a new one; null when the user cancelled meanwhile. */
  async #ready(): Promise<Engine | null> {
    const { signal } = this.#host;
    if (this.#engine && !this.#engine.handle.gone.aborted && !signal.aborted) return this.#engine;
    this.#engine?.release();
    this.#engine = null;
    if (signal.aborted) return null;
    this.#progress.starting();
    const handle = await orAborted(this.#host.service("comfyui"), signal, (late) => late.release());
    if (!handle) return null;
    this.#engine = new Engine(handle, (event) => this.#heard(event));
    this.#classes = await this.#engine.connect();
    await this.#loraCheck.begin(this.#engine);
    return this.#engine;
  }

  #plan(index: number): { ok: true; graph: Graph } | { ok: false; failure: Failure } {
    const chosen = chooseFiles(this.#job.model, this.#classes);
    if (!chosen.ok) return chosen;
    const { prompt, width, height, steps, guidance } = this.#job;
    const graph = fluxGraph({
      files: chosen.files, weights: this.#engine?.weightsOf(chosen.files) ?? "default", loras: this.#loras, prompt, width, height, steps, guidance, seed: this.#job.seeds[index] ?? 0,
      filenamePrefix: `isengard/${this.#host.jobId}/${index}`,
    });
    return prepareGraph(graph, this.#classes);
  }

  /**
   * The prompt of an earlier call is taken up again, else a new one is posted. Whether the same instance still knows it
   * is for the watch to find out, which looks twice; another instance is asked once, for a ComfyUI elsewhere may be
   * the old one after a broken connection.
   */
  async #submitted(engine: Engine, index: number, graph: Graph): Promise<string | Failure> {
    const key = `prompt:${index}`;
    const [known, instance, heardBy] = (this.#host.recall(key) ?? "").split(" ");
    if (known && (instance === engine.handle.instance || (await locate(engine.client, known)) !== "absent")) {
      this.#current = { index, promptId: known, clientId: null, lastEvent: performance.now() };
      if (heardBy && heardBy !== engine.socket.clientId) engine.inherit(heardBy);
      return known;
    }
    const promptId = crypto.randomUUID();
    const { clientId } = engine.socket;
    this.#host.remember(key, `${promptId} ${engine.handle.instance} ${clientId ?? ""}`.trimEnd());
    this.#current = { index, promptId, clientId, lastEvent: performance.now() };
    const submitted = await submit(engine.client, {
      promptId, clientId, graph: withPromptPrefix(graph, promptId),
      extraData: {
        extra_pnginfo: { isengard: settingsOf(this.#job, this.#host.jobId, index) },
        isengard: { correlationId: this.#host.correlationId, job: this.#host.jobId, index },
        preview_method: "latent2rgb",
      },
    }, this.#limits);
    if (submitted.kind === "refused") return submitted.failure;
    this.#host.log("info", "prompt.submitted", `Picture ${index + 1} was given to ComfyUI as prompt ${promptId}.`, { index, promptId });
    return promptId;
  }

  #watch(engine: Engine, index: number, promptId: string): Promise<Watched> {
    return watchPrompt({
      client: engine.client, promptId, handle: engine.handle, cancelled: this.#host.signal, limits: this.#limits, bell: this.#bell,
      lastEvent: () => {
        const current = this.#current;
        // Events go to the connection that the prompt was sent with; after a reconnect only polling is left.
        const heard = current?.index === index && current.clientId !== null && current.clientId === engine.socket.clientId;
        return heard ? current.lastEvent : null;
      },
    });
  }

  async #conclude(engine: Engine, index: number, promptId: string, watched: Watched): Promise<ImageOutcome | null | "again"> {
    switch (watched.kind) {
      case "ended":
        return this.#ended(engine, index, watched.end);
      case "cancelled":
        return this.#cancelled(engine, index, promptId);
      case "lost":
        this.#host.remember(`prompt:${index}`, "");
        this.#host.log("warn", "prompt.lost", `ComfyUI no longer knows picture ${index + 1}; it is made again.`, { index, promptId });
        return "again";
      case "gone":
        this.#host.log("warn", "engine.gone", `ComfyUI ended during picture ${index + 1}.`, { index, promptId });
        return lostBy(this.#engine) ?? "again";
      case "stuck": {
        if (engine.handle.dir === null) return { kind: "interrupted", why: `ComfyUI is stuck: ${watched.why}` };
        this.#host.remember(`prompt:${index}`, "");
        await engine.handle.restart(watched.why);
        return "again";
      }
    }
  }

  async #ended(engine: Engine, index: number, end: PromptEnd): Promise<ImageOutcome | null | "again"> {
    if (end.kind === "failed") {
      const planned = this.#plan(index);
      const found = runtimeFailure(end.error, planned.ok ? filesLoadedBy(planned.graph, end.error.nodeType) : []);
      return { kind: "failed", failure: { ...found, tail: await lastLines(engine.client) } };
    }
    if (end.kind === "interrupted") return { kind: "failed", failure: stoppedOutside };
    if (await this.#store(engine, index, end.files)) return null;
    this.#host.remember(`prompt:${index}`, "");
    return "again";
  }

  /** The user may have come too late: a picture that was finished is kept. */
  async #cancelled(engine: Engine, index: number, promptId: string): Promise<ImageOutcome> {
    const cancelled = await cancelPrompt(engine.client, promptId, engine.handle, this.#limits);
    if (cancelled.kind === "ended" && cancelled.end.kind === "succeeded") await this.#store(engine, index, cancelled.end.files);
    if (cancelled.kind === "unconfirmed") {
      this.#host.warn("ComfyUI did not confirm that it stopped. It runs elsewhere and may still be busy with the picture.");
    }
    return { kind: "stopped" };
  }

  async #store(engine: Engine, index: number, files: readonly OutputFile[]): Promise<boolean> {
    const file = files.find(({ type }) => type === "output");
    const settings = settingsOf(this.#job, this.#host.jobId, index);
    const bytes = file ? await collectPicture(engine.client, engine.handle, file, settings) : null;
    if (!file || !bytes) {
      this.#host.log("warn", "picture.missing", `ComfyUI says picture ${index + 1} is done, but its file is not there.`, { index });
      return false;
    }
    await this.#host.output(index, bytes, settings);
    this.#progress.stored();
    await Promise.all([discardPicture(engine.handle, file), this.#loraCheck.look(engine)]);
    return true;
  }

  #heard(event: ComfyEvent): void {
    const current = this.#current;
    if (!current || !("promptId" in event) || event.promptId !== current.promptId) return;
    current.lastEvent = performance.now();
    if (event.kind === "executing" && event.node === null) return this.#bell.ring();
    try {
      if (event.kind !== "preview") this.#progress.apply(event);
      else if (event.bytes.byteLength <= previewLimitBytes) this.#host.preview(current.index, event.bytes);
    } catch {
      // Nobody above a socket's event can catch, so a throw would end the whole server. When the host refuses because
      // the server leaves or another run took over, the next call that is waited for hears the same.
    }
  }
}

/**
 * Makes the file name unique for each prompt: for an equal one ComfyUI answers from its cache with the old name, and
 * that file is gone by then. Sampling itself may still come from the cache, which is the same picture sooner.
 */
function withPromptPrefix(graph: Graph, promptId: string): Graph {
  return Object.fromEntries(Object.entries(graph).map(([id, node]) => {
    const prefix = node.inputs["filename_prefix"];
    if (typeof prefix !== "string") return [id, node];
    return [id, { ...node, inputs: { ...node.inputs, filename_prefix: `${prefix}-${promptId.slice(0, 8)}` } }];
  }));
}

/** What is kept with a picture: all that made it. */
function settingsOf({ prompt, model, loras, width, height, steps, guidance, seeds }: ImageJob, jobId: string, index: number): OutputSettings {
  return {
    v: 1, job: jobId, prompt, model,
    loras: loras.map(({ id, name, strength }) => ({ id, name, strength })),
    seed: seeds[index] ?? 0, steps, guidance, width, height, sampler, scheduler, backend: "comfyui",
  };
}

/**
 * How the attempt ends when ComfyUI ended by itself: in the class of its end, so that the queue decides what follows
 * and the next attempt makes the same picture from the same seed. null: it was stopped or restarted on purpose.
 */
function lostBy(engine: Engine | null): ImageOutcome | null {
  const reason: unknown = engine?.handle.gone.reason;
  if (!(reason instanceof ServiceCrash)) return null;
  const lost = lostWith(reason.failure);
  return lost.code === "interrupted" ? { kind: "interrupted", why: lost.why } : { kind: "failed", failure: lost };
}
