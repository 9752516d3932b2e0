import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Preset } from "../../contract/backend.ts";
import type { GenerationRequest, Job, TrainingOutlook, TrainingRequest } from "../../contract/job.ts";
import { AppError, notFound } from "../../base/errors.ts";
import { assertOwnFolder } from "../../files/own-place.ts";
import { newId } from "../../base/ids.ts";
import type { Backends } from "../backends.ts";
import { freezePictures } from "./freeze-pictures.ts";
import { checkTraining, freezeTraining } from "./freeze-training.ts";
import type { Erasure } from "../../library/upkeep/erasure.ts";
import type { JobLibrary } from "../ports.ts";
import type { DiskRoom } from "../admit/disk-room.ts";
import type { JobFilter } from "../store/reads.ts";
import type { JobStore } from "../store/store.ts";
import type { JobStep, NewJob } from "../store/rows.ts";

export interface SubmitContext {
  readonly correlationId: string;
  readonly idempotencyKey: string | null;
}

export interface QueueParts {
  readonly store: JobStore;
  readonly backends: Backends;
  readonly library: JobLibrary;
  readonly room: Pick<DiskRoom, "outlook">;
  /** Copies of photos go when their job was not accepted. */
  readonly erasure: Erasure;
  /** The folder that holds one folder for each job. */
  readonly jobsDir: string;
  readonly root: string;
  /** Stop was pressed again on a job that is stopping. */
  onSecondPress(job: Job): void;
}

const keyPattern = /^[\x21-\x7e]{1,128}$/;

/** The door to the queue. What it accepts is checked, frozen and durable; what it refuses, it refuses with AppError. */
export class JobQueue {
  constructor(private readonly parts: QueueParts) {}

  submitTraining(request: TrainingRequest, context: SubmitContext): Job {
    return this.submit("training", request, context, (id, dir) => {
      const backend = this.parts.backends.training();
      // Photos are copied into it before the job has its row.
      this.parts.erasure.expect([dir]);
      const { frozen, characterName, presetLabel } = freezeTraining(request, backend, this.parts.library, dir);
      return {
        id, frozen: { ...frozen }, backend: backend.name, characterId: frozen.characterId,
        title: `Training ${characterName}, ${presetLabel}`, subject: `the training of ${characterName}`,
      };
    });
  }

  submitGeneration(request: GenerationRequest, context: SubmitContext): Job {
    return this.submit("generation", request, context, (id) => {
      const backend = this.parts.backends.image();
      const { frozen, characterName } = freezePictures(request, backend.capabilities(), this.parts.library, this.parts.backends.simulated);
      const count = frozen.job.seeds.length;
      const title = `${count} ${count === 1 ? "picture" : "pictures"}${characterName === null ? "" : ` of ${characterName}`}`;
      return { id, frozen: { ...frozen }, backend: backend.name, characterId: frozen.characterId, title, subject: title };
    });
  }

  /** A second press takes the next rung at once. The wish is durable when it returns. A running job is `stopping` until its last process is gone. */
  cancel(id: string, kind?: Job["kind"]): Job {
    if (this.demand(id, kind).state === "stopping") this.parts.onSecondPress(this.demand(id, kind));
    const job = this.parts.store.requestStop(id, "Stopped by the user.");
    if (job === "missing") throw notFound("job", id);
    if (job === "finished") throw new AppError("job_finished", "This job has already ended.", { why: "There is nothing left to stop." });
    return job;
  }

  get(id: string): Job | null {
    return this.parts.store.get(id);
  }

  /** For a route: throws `not_found` also for a job of another kind. */
  demand(id: string, kind?: Job["kind"]): Job {
    const job = this.get(id);
    if (job === null || (kind !== undefined && job.kind !== kind)) throw notFound(kind === undefined ? "job" : `${kind} job`, id);
    return job;
  }

  /** Throws `not_found` for a `before` that names no job: an empty page would say that there are no older ones. */
  list(filter: JobFilter): Job[] {
    if (filter.before !== undefined && !this.parts.store.knows(filter.before)) throw notFound("job", filter.before);
    return this.parts.store.list(filter);
  }

  /** What happened to a job, in order; `afterSeq` leaves out what the caller knows already. */
  history(id: string, afterSeq = 0): JobStep[] {
    return this.parts.store.history(id, afterSeq);
  }

  /** What such a training would write, without asking for it. Throws AppError where it would be refused. */
  outlook(request: TrainingRequest): TrainingOutlook {
    const backend = this.parts.backends.training();
    return this.parts.room.outlook(backend, checkTraining(request, backend, this.parts.library));
  }

  /** The presets of the training backend, computed for the photos that the character has now. */
  presets(characterId: string): Preset[] {
    const { library, backends } = this.parts;
    if (library.character(characterId) === null) throw notFound("character", characterId);
    return backends.training().presets({ photoCount: library.photos(characterId).length });
  }

  /** What is wrong with the request itself, as AppError; writes nothing. */
  check(kind: "training", request: TrainingRequest): void;
  check(kind: "generation", request: GenerationRequest): void;
  check(kind: Job["kind"], request: TrainingRequest | GenerationRequest): void {
    const { backends, library } = this.parts;
    if (kind === "training") checkTraining(request as TrainingRequest, backends.training(), library);
    else freezePictures(request as GenerationRequest, backends.image().capabilities(), library, backends.simulated);
  }

  /** To be awaited right before `submitTraining`. */
  async readyPhotos({ characterId }: TrainingRequest): Promise<void> {
    const left = await this.parts.library.readyPhotos(characterId);
    if (left === 0) return;
    throw new AppError("conflict", `${left === 1 ? "One photo is" : `${left.toLocaleString("en")} photos are`} still being made ready for training.`, {
      why: "They were added by an earlier version of Isengard; the trainer could read them otherwise than the page shows them.", fix: "Try again in a minute.",
    });
  }

  /** The job of an earlier call with this key: a repeat gets it even when the character or the machine has changed since. */
  replay(kind: Job["kind"], request: Record<string, unknown>, { idempotencyKey: key }: SubmitContext): Job | null {
    if (key === null) return null;
    if (!keyPattern.test(key)) {
      throw new AppError("invalid_input", "The Idempotency-Key cannot be used.", { why: "It must have 1 to 128 visible ASCII characters." });
    }
    return this.parts.store.replay({ idempotencyKey: key, idempotencyHash: hashOf(kind, request) });
  }

  private submit(
    kind: Job["kind"],
    request: Record<string, unknown>,
    context: SubmitContext,
    accept: (id: string, dir: string) => Omit<NewJob, "kind" | "request" | "simulated" | "priority" | "correlationId" | "idempotencyKey" | "idempotencyHash">,
  ): Job {
    const { correlationId, idempotencyKey } = context;
    const replay = this.replay(kind, request, context);
    if (replay !== null) return replay;
    const idempotencyHash = idempotencyKey === null ? null : hashOf(kind, request);
    const id = newId("job");
    const dir = join(this.parts.jobsDir, id);
    assertOwnFolder(this.parts, dir);
    try {
      return this.parts.store.insert({
        ...accept(id, dir), kind, request, simulated: this.parts.backends.simulated, priority: 0, correlationId, idempotencyKey, idempotencyHash,
      }, () => this.parts.erasure.keep([dir]));
    } catch (error) {
      rmSync(dir, { recursive: true, force: true });
      this.parts.erasure.keep([dir]);
      throw error;
    }
  }
}

/** The same request, whatever the order of its fields. */
function hashOf(kind: string, request: unknown): string {
  return new Bun.CryptoHasher("sha256").update(`${kind}\n${canonical(request)}`).digest("hex");
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, field]) => field !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(",")}}`;
}
