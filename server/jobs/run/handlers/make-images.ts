import type { KnownFailure } from "../../../contract/job.ts";
import type { Backends } from "../../backends.ts";
import { readPictures } from "../../store/frozen.ts";
import type { LoraFault } from "../../../library/lora-file.ts";
import type { JobHost } from "../host.ts";
import type { JobLibrary } from "../../ports.ts";
import type { JobStore } from "../../store/store.ts";
import type { Claim } from "../../store/rows.ts";
import type { HandlerOutcome, JobHandler } from "./handler.ts";

export interface MakeImagesParts {
  readonly backends: Backends;
  readonly store: JobStore;
  readonly library: Pick<JobLibrary, "loraFault">;
}

/** Makes the pictures of one job. Each is stored as it comes, so a job that was stopped keeps what it has made. */
export class MakeImages implements JobHandler {
  constructor(private readonly parts: MakeImagesParts) {}

  async run(claim: Claim, host: JobHost): Promise<HandlerOutcome> {
    const { job } = readPictures(claim.frozen);
    for (const { name, path } of job.loras) {
      const fault = await this.parts.library.loraFault(path);
      if (fault?.kind === "changes_nothing") host.warn(`The file of ${name} ${fault.why}.`);
      else if (fault !== null) return { kind: "failed", failure: loraUnusable(name, fault) };
    }
    const outcome = await this.parts.backends.image().generate(job, host);
    if (outcome.kind !== "succeeded") return outcome;
    const absent = job.seeds.findIndex((_, index) => !host.hasOutput(index));
    if (absent >= 0) return { kind: "failed", failure: pictureGone(absent + 1, job.seeds.length) };
    return { kind: "succeeded", results: this.parts.store.get(host.jobId)?.results ?? [] };
  }
}

function loraUnusable(name: string, { kind, why, fix }: LoraFault): KnownFailure {
  const code = kind === "not_a_number" ? "lora_damaged" : why === "is not there" ? "lora_missing" : "corrupt_model";
  return {
    code, what: `The LoRA ${name} cannot be used.`, why: `Its file ${why}.`, fix: code === "lora_missing" ? "Choose another LoRA and start again." : fix,
    tail: [], ...(code === "corrupt_model" ? { lasting: true } : {}),
  };
}

function pictureGone(number: number, count: number): KnownFailure {
  return {
    code: "picture_missing", what: `Picture ${number} of ${count} was not delivered.`, why: "The tool said it was done without it.",
    fix: "Start the job again; if it stays, look at the job's log.", tail: [],
  };
}
