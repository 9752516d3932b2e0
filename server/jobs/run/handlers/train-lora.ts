import type { KnownFailure, Waiting } from "../../../contract/job.ts";
import type { Log } from "../../../base/log.ts";
import type { TrainingOutcome } from "../../../../plugins/interfaces/training.ts";
import type { Backends } from "../../backends.ts";
import type { LoraFault } from "../../../library/lora-file.ts";
import { type FrozenTraining, readTraining } from "../../store/frozen.ts";
import type { JobHost } from "../host.ts";
import type { Lanes } from "../../admit/lanes.ts";
import type { JobLibrary } from "../../ports.ts";
import type { Claim } from "../../store/rows.ts";
import { gpuMemoryCode } from "../../admit/waiting-codes.ts";
import type { HandlerOutcome, JobHandler } from "./handler.ts";

export interface TrainLoraParts {
  readonly backends: Backends;
  readonly library: JobLibrary;
  readonly lanes: Lanes;
  readonly log: Log;
}

/** How soon a training that could not get the GPU's memory asks again. */
const gpuRetryMs = 15_000;
const begun = "training.begun";

type Succeeded = Extract<TrainingOutcome, { kind: "succeeded" }>;

/** Makes room on the GPU, trains, and publishes it as the next version of the character's LoRA. */
export class TrainLora implements JobHandler {
  constructor(private readonly parts: TrainLoraParts) {}

  async run(claim: Claim, host: JobHost): Promise<HandlerOutcome> {
    const frozen = readTraining(claim.frozen);
    const backend = this.parts.backends.training();
    const wait = await this.makeRoom(host, claim.lane);
    if (wait !== null) return { kind: "snoozed", waiting: wait, retryMs: gpuRetryMs };
    const outcome = await backend.train(frozen.job, host);
    return outcome.kind === "succeeded" ? await this.publish(frozen, outcome, host) : outcome;
  }

  /** Once for each attempt: after a restart of the server the training itself holds the memory. */
  private async makeRoom(host: JobHost, lane: string): Promise<Waiting | null> {
    const mark = `${host.attempt} ${lane}`;
    if (host.signal.aborted || host.recall(begun) === mark) return null;
    try {
      const wait = await this.parts.lanes.makeRoom(lane);
      if (wait !== null) return wait;
    } catch (error) {
      this.parts.log.warn("lane.no-room", "the GPU's memory could not be freed for a training", { jobId: host.jobId, error });
      return { code: gpuMemoryCode, text: "Waits because ComfyUI did not give back the GPU's memory; it is asked again every 15 seconds." };
    }
    host.remember(begun, mark);
    return null;
  }

  /** The library reads the file itself before it takes it; a bad one is refused with the reason. */
  private async publish(frozen: FrozenTraining, done: Succeeded, host: JobHost): Promise<HandlerOutcome> {
    const { characterId, job } = frozen;
    const fault = await this.parts.library.loraFault(done.loraFile);
    if (fault !== null) return { kind: "failed", failure: unusable(fault) };
    const lora = await this.parts.library.publishLora({
      characterId, jobId: host.jobId, sourceFile: done.loraFile, steps: done.steps, rank: done.rank,
      baseModel: done.baseModel, triggerWord: job.triggerWord,
    });
    host.log("info", "lora.published", `${lora.name} is ready.`, { loraId: lora.id, version: lora.version, steps: lora.steps });
    return { kind: "succeeded", results: [lora.id] };
  }
}

/** It trained to the end and left nothing that can be used: that is no success. */
function unusable({ kind, why, fix }: LoraFault): KnownFailure {
  const code = kind === "not_a_lora" ? "lora_damaged" : "diverged";
  return { code, what: "The training came to its end, but its LoRA cannot be used.", why: `The file ${why}.`, fix, tail: [] };
}
