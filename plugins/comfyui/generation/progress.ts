import type { JobProgress, Stage } from "../../../server/contract/job.ts";
import type { ImageHost, ImageJob } from "../../interfaces/image.ts";
import type { ComfyEvent } from "../protocol/events.ts";
import type { Graph } from "../protocol/prompt-graph.ts";
import { samplerClasses } from "../recipes/graph.ts";

type Phase = "start" | "load" | "sample" | "save";

const phases: ReadonlyArray<{ readonly id: Phase; readonly label: string }> = [
  { id: "start", label: "Starting ComfyUI" },
  { id: "load", label: "Loading model" },
  { id: "sample", label: "Sampling" },
  { id: "save", label: "Saving" },
];

const savingClasses: ReadonlySet<string> = new Set(["VAEDecode", "SaveImage"]);
/** Share of a picture that is sampling; the rest is decoding and saving. */
const samplingShare = 0.95;

/** Turns the events of one picture after the other into the progress of the job. It never goes back. */
export class GenerationProgress {
  readonly #host: ImageHost;
  readonly #job: ImageJob;
  #graph: Graph = {};
  #phase: Phase = "start";
  #picture = 0;
  #stored = 0;
  #step = 0;
  #fraction = 0;

  constructor(job: ImageJob, host: ImageHost) {
    this.#job = job;
    this.#host = host;
    this.#stored = job.seeds.filter((_, index) => host.hasOutput(index)).length;
  }

  starting(): void {
    this.#phase = "start";
    this.#report("Starting ComfyUI");
  }

  picture(index: number, graph: Graph): void {
    this.#picture = index;
    this.#graph = graph;
    this.#step = 0;
    this.#phase = "load";
    this.#report(`Picture ${index + 1} of ${this.#job.seeds.length}`);
  }

  stored(): void {
    this.#stored += 1;
    this.#step = 0;
    this.#phase = "save";
    this.#report(`${this.#stored} of ${this.#job.seeds.length} pictures`);
  }

  /** Only events of the current prompt may be passed. */
  apply(event: ComfyEvent): void {
    const before = `${this.#phase} ${this.#step}`;
    if (event.kind === "executing" && event.node !== null) this.#enter(this.#classOf(event.node));
    if (event.kind === "progress" && samplerClasses.has(this.#classOf(event.node))) this.#sampled(event.value);
    if (event.kind === "table") {
      for (const row of event.nodes) if (samplerClasses.has(this.#classOf(row.node)) && !row.finished) this.#sampled(row.value);
    }
    if (before !== `${this.#phase} ${this.#step}`) this.#report(`Picture ${this.#picture + 1} of ${this.#job.seeds.length}`);
  }

  #classOf(node: string): string {
    return this.#graph[node]?.class_type ?? "";
  }

  /** A sampler that has not made a step yet is still loading the model onto the card. */
  #enter(className: string): void {
    if (savingClasses.has(className)) this.#phase = "save";
  }

  #sampled(step: number): void {
    if (step < 1 || step < this.#step || this.#phase === "save") return;
    this.#phase = "sample";
    this.#step = Math.min(Math.floor(step), this.#job.steps);
  }

  #report(message: string): void {
    const count = this.#job.seeds.length;
    const pictureShare = this.#phase === "save" && this.#step > 0 ? samplingShare : (this.#step / this.#job.steps) * samplingShare;
    this.#fraction = Math.min(1, Math.max(this.#fraction, (this.#stored + pictureShare) / count));
    const update: Omit<JobProgress, "updatedAt" | "etaSeconds"> = {
      stages: this.#stages(), step: this.#stored * this.#job.steps + this.#step, totalSteps: count * this.#job.steps,
      fraction: this.#phase === "start" && this.#fraction === 0 ? null : this.#fraction,
      speed: "", loss: null, learningRate: null, message,
    };
    this.#host.progress(update);
  }

  #stages(): Stage[] {
    const current = phases.findIndex(({ id }) => id === this.#phase);
    const finished = this.#stored === this.#job.seeds.length;
    return phases.map(({ id, label }, index) => ({
      id, label,
      state: finished || index < current ? "done" : index === current ? "active" : "waiting",
      fraction: id === "sample" && index === current ? this.#step / this.#job.steps : null,
      detail: id === "sample" && index === current ? `Step ${this.#step} of ${this.#job.steps}` : "",
    }));
  }
}
