import { existsSync } from "node:fs";
import type { Failure } from "../../contract/job.ts";
import type { Backends } from "../backends.ts";
import { readPictures } from "../frozen.ts";
import type { JobHost } from "../host.ts";
import type { JobStore } from "../store.ts";
import type { Claim } from "../store-rows.ts";
import type { HandlerOutcome, JobHandler } from "./handler.ts";

export interface MakeImagesParts {
  readonly backends: Backends;
  readonly store: JobStore;
}

/** Makes the pictures of one job. Each is stored as it comes, so a job that was stopped keeps what it has made. */
export class MakeImages implements JobHandler {
  constructor(private readonly parts: MakeImagesParts) {}

  async run(claim: Claim, host: JobHost): Promise<HandlerOutcome> {
    const { job } = readPictures(claim.frozen);
    const missing = job.loras.find((lora) => !existsSync(lora.path));
    if (missing !== undefined) return { kind: "failed", failure: loraGone(missing.name) };
    const outcome = await this.parts.backends.image().generate(job, host);
    if (outcome.kind !== "succeeded") return outcome;
    const absent = job.seeds.findIndex((_, index) => !host.hasOutput(index));
    if (absent >= 0) return { kind: "failed", failure: pictureGone(absent + 1, job.seeds.length) };
    return { kind: "succeeded", results: this.parts.store.get(host.jobId)?.results ?? [] };
  }
}

function loraGone(name: string): Failure {
  return {
    code: "lora_missing", what: `The LoRA ${name} is not there any more.`, why: "It was deleted after the pictures were asked for.",
    fix: "Choose another LoRA and start again.", tail: [],
  };
}

function pictureGone(number: number, count: number): Failure {
  return {
    code: "picture_missing", what: `Picture ${number} of ${count} was not delivered.`, why: "The tool said it was done without it.",
    fix: "Start the job again; if it stays, look at the job's log.", tail: [],
  };
}
