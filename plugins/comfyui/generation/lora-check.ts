import type { ImageHost, ImageJob } from "../../interfaces/image.ts";
import { logMark, unplacedTensors } from "./lora.ts";
import type { Engine } from "./engine.ts";
import { unplacedSoFar } from "./unfit-loras.ts";

/** ComfyUI applies a LoRA of another model without a word, except in its log: that is read once in each call. */
export class LoraCheck {
  readonly #job: ImageJob;
  readonly #host: ImageHost;
  #mark: string | null = null;
  #isDone = false;

  constructor(job: ImageJob, host: ImageHost) {
    this.#job = job;
    this.#host = host;
  }

  /** Remembers how far the log was before anything is drawn. */
  async begin({ client }: Engine): Promise<void> {
    if (this.#job.loras.length > 0) this.#mark = await logMark(client);
  }

  /** After the first picture: warns of what could not be used. */
  async look({ handle, client }: Engine): Promise<void> {
    if (this.#isDone || this.#job.loras.length === 0) return;
    this.#isDone = true;
    const count = unplacedSoFar(handle, this.#job, await unplacedTensors(client, this.#mark));
    if (count === 0) return;
    const names = this.#job.loras.map(({ name }) => name).join(", ");
    this.#host.warn(`ComfyUI could not use ${count} parts of the LoRA (${names}). ` +
      "It was probably trained for another model, so the picture may not show it.");
  }
}
