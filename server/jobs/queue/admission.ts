import type { GenerationRequest, Job, TrainingRequest } from "../../contract/job.ts";
import type { JobQueue, SubmitContext } from "./queue.ts";
import type { QueueActions } from "./actions.ts";
import type { Readiness } from "../admit/readiness.ts";

export interface AdmissionParts {
  readonly queue: JobQueue;
  readonly actions: QueueActions;
  readonly readiness: Readiness;
}

/** The person knows what stands in the way and wants it in the queue nevertheless. */
export interface Anyway {
  readonly queueAnyway?: boolean | undefined;
}

/**
 * Before the queue: work that cannot run here is refused when it is asked for, not when its turn comes. What is wrong with the request
 * itself is told first, and a repeat of an accepted request gets its job whatever has become of the machine.
 */
export class Admission {
  constructor(private readonly parts: AdmissionParts) {}

  async train(request: TrainingRequest, context: SubmitContext): Promise<Job> {
    const { queue, readiness } = this.parts;
    const known = queue.replay("training", request, context);
    if (known !== null) return known;
    queue.check("training", request);
    if (request.queueAnyway !== true) await readiness.assertCanRun("training");
    await queue.readyPhotos(request);
    return queue.submitTraining(request, context);
  }

  async paint(request: GenerationRequest, context: SubmitContext): Promise<Job> {
    const { queue, readiness } = this.parts;
    const known = queue.replay("generation", request, context);
    if (known !== null) return known;
    queue.check("generation", request);
    if (request.queueAnyway !== true) await readiness.assertCanRun("generation", request);
    return queue.submitGeneration(request, context);
  }

  async retry(id: string, { queueAnyway }: Anyway): Promise<Job> {
    const { queue, actions, readiness } = this.parts;
    const job = queue.demand(id);
    actions.assertMayRetry(job);
    if (queueAnyway !== true) await readiness.assertCanRun(job.kind, picturesOf(job));
    return actions.retry(id);
  }

  /** What was wished at the first time does not count as wished again. */
  async repeat(id: string, context: SubmitContext, { queueAnyway }: Anyway): Promise<Job> {
    const job = this.parts.queue.demand(id);
    const { queueAnyway: _before, ...wishes } = job.request;
    const request = queueAnyway === true ? { ...wishes, queueAnyway } : wishes;
    this.parts.actions.assertCanRepeat(job);
    return job.kind === "training" ? this.train(request as TrainingRequest, context) : this.paint(request as GenerationRequest, context);
  }

  async runNow(id: string, { queueAnyway }: Anyway): Promise<Job> {
    const { queue, actions, readiness } = this.parts;
    const job = queue.demand(id);
    if (job.kind === "generation" && job.state === "queued" && queueAnyway !== true) await readiness.assertCanRun(job.kind, picturesOf(job));
    return actions.runNow(id);
  }
}

function picturesOf(job: Job): GenerationRequest | undefined {
  return job.kind === "generation" ? (job.request as GenerationRequest) : undefined;
}
