import { batch, computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Job, JobKind, JobProgress } from "../../../server/contract/job.ts";
import type { Api } from "../../api.ts";
import type { Events } from "../../events.ts";

/** Finished jobs beyond this many leave the page; their own pages still find them. */
const maxJobs = 500;

export interface JobsModel {
  /** Newest first. */
  readonly all: ReadonlySignal<readonly Job[]>;
  /** Running work first, then what waits, oldest first. */
  readonly active: ReadonlySignal<readonly Job[]>;
  readonly failed: ReadonlySignal<readonly Job[]>;
  byId(jobId: string): Job | undefined;
  /** Changes many times a minute: read it at the leaf. */
  progress(jobId: string): ReadonlySignal<JobProgress | null>;
  put(job: Job): void;
  /** When this page first saw the job stopping, in ms since 1970; null while it is not stopping. */
  stoppingSince(jobId: string): number | null;
  cancel(job: Job): Promise<void>;
  /** Puts an ended job back into the queue; it goes on from what it saved. `anyway`: also where it cannot run now. */
  retry(job: Job, anyway?: boolean): Promise<void>;
  reset(jobs: readonly Job[]): void;
}

const ended = new Set<Job["state"]>(["succeeded", "failed", "cancelled"]);
const working = new Set<Job["state"]>(["claimed", "starting", "running", "stopping"]);

export function isEnded(job: Job): boolean {
  return ended.has(job.state);
}

export function isWorking(job: Job): boolean {
  return working.has(job.state);
}

const endings: Partial<Record<Job["state"], string>> = { succeeded: "Trained", failed: "Failed training of", cancelled: "Stopped training of" };

/** A training that is over is not called as if it still ran. */
export function titleOf(job: Pick<Job, "kind" | "state" | "title">): string {
  const ending = job.kind === "training" ? endings[job.state] : undefined;
  return ending === undefined ? job.title : job.title.replace(/^Training\b/, ending);
}

/** From the start of the newest attempt to its end, or to now; earlier attempts and what lay between are not its time. */
export function attemptSeconds(job: Pick<Job, "startedAt" | "attemptStartedAt" | "finishedAt">, now: number): number | null {
  const start = job.attemptStartedAt ?? job.startedAt;
  if (start === null) return null;
  const end = job.finishedAt === null ? now : Date.parse(job.finishedAt);
  return Math.max(0, (end - Date.parse(start)) / 1000);
}

function jobPath(kind: JobKind): string {
  return kind === "training" ? "/api/training" : "/api/generation";
}

/** The pictures that a job makes. */
export function countOf(job: Job): number {
  return typeof job.request["count"] === "number" ? Math.max(1, job.request["count"]) : 1;
}

/** What the pictures of a job are to show; empty for a training. */
export function promptOf(job: Job): string {
  return typeof job.request["prompt"] === "string" ? job.request["prompt"] : "";
}

export function createJobsModel(api: Api, events: Events): JobsModel {
  const all = signal<readonly Job[]>([]);
  const progress = new Map<string, Signal<JobProgress | null>>();

  const progressOf = (jobId: string): Signal<JobProgress | null> => {
    const known = progress.get(jobId);
    if (known) return known;
    const fresh = signal(all.peek().find((job) => job.id === jobId)?.progress ?? null);
    progress.set(jobId, fresh);
    return fresh;
  };
  const stopping = new Map<string, number>();
  const put = (job: Job) => {
    // An answer that was under way while an event came in tells what was before.
    if ((all.peek().find((other) => other.id === job.id)?.revision ?? 0) > job.revision) return;
    if (job.state !== "stopping") stopping.delete(job.id);
    else if (!stopping.has(job.id)) stopping.set(job.id, Date.now());
    const shown = progressOf(job.id);
    if ((shown.peek()?.updatedAt ?? "") <= (job.progress?.updatedAt ?? "")) shown.value = job.progress;
    const others = all.value.filter((other) => other.id !== job.id);
    const next = [...others, job].toSorted((a, b) => (a.createdAt === b.createdAt ? (a.id < b.id ? 1 : -1) : a.createdAt < b.createdAt ? 1 : -1));
    all.value = next.filter((candidate, index) => index < maxJobs || !isEnded(candidate));
  };
  const forget = (jobId: string) => {
    progress.delete(jobId);
    stopping.delete(jobId);
    all.value = all.value.filter((job) => job.id !== jobId);
  };

  events.on("job.changed", ({ job }) => put(job));
  events.on("job.removed", ({ jobId }) => forget(jobId));
  events.on("job.progress", ({ jobId, progress: next }) => (progressOf(jobId).value = next));

  return {
    all,
    active: computed(() => {
      const open = all.value.filter((job) => !isEnded(job)).toReversed();
      return [...open.filter(isWorking), ...open.filter((job) => !isWorking(job))];
    }),
    failed: computed(() => all.value.filter((job) => job.state === "failed")),
    byId: (jobId) => all.value.find((job) => job.id === jobId),
    progress: progressOf,
    put,
    stoppingSince: (jobId) => stopping.get(jobId) ?? null,
    async cancel(job) {
      put(await api.post<Job>(`${jobPath(job.kind)}/${encodeURIComponent(job.id)}/cancel`));
    },
    async retry(job, anyway = false) {
      put(await api.post<Job>(`/api/jobs/${encodeURIComponent(job.id)}/retry`, anyway ? { queueAnyway: true } : {}));
    },
    reset(jobs) {
      batch(() => {
        all.value = [];
        for (const id of progress.keys()) if (!jobs.some((job) => job.id === id)) progress.delete(id);
        for (const job of jobs) put(job);
      });
    },
  };
}
