import { batch, computed, effect, signal, type ReadonlySignal } from "@preact/signals";
import type { Job, QueuePause, QueueView } from "../../../server/contract/job.ts";
import { asApiError, type ApiError } from "../../api.ts";
import { queueText as text } from "../../text/queue.ts";
import type { AppModel } from "../app/AppModel.ts";
import { isEnded, isWorking } from "./JobsModel.ts";
import { createResource, type Resource } from "../app/Resource.ts";

export interface QueueFacts {
  readonly paused: QueuePause | null;
  /** Ids of what waits, in the order in which it starts. */
  readonly order: readonly string[];
  /** When each of them starts, in ms since 1970; null while nobody can know. */
  readonly starts: ReadonlyMap<string, number | null>;
}

export interface QueueModel {
  readonly resource: Resource<QueueFacts>;
  readonly running: ReadonlySignal<readonly Job[]>;
  /** In the order in which they start. */
  readonly waiting: ReadonlySignal<readonly Job[]>;
  /** Ended, newest first. */
  readonly ended: ReadonlySignal<readonly Job[]>;
  /** In ms since 1970, or null while nobody can know. */
  startOf(jobId: string): number | null;
  /** Puts a waiting job at another place, at once on the page and then on the server. */
  move(job: Job, to: number): Promise<void>;
  setPaused(paused: boolean): Promise<void>;
  /** `anyway`: also where it cannot run now. */
  retry(job: Job, anyway?: boolean): Promise<void>;
  repeat(job: Job, anyway?: boolean): Promise<void>;
  /** What was refused last on a job because it cannot run now, to be done all the same; null where nothing was. */
  anywayOf(jobId: string): (() => Promise<void>) | null;
  /** With an undo for some seconds. */
  remove(job: Job): void;
  /** Cancels these as far as they still wait when the undo has passed. */
  cancelAll(jobs: readonly Job[]): void;
  /** The last failed action on a job, shown at that job; `""` is the queue itself. */
  errorOf(jobId: string): ApiError | null;
  dispose(): void;
}

/** Several changes come close together when a job ends and the next one starts; one fetch serves them all. */
const refetchMs = 250;

type Needed = Pick<AppModel, "api" | "events" | "connection" | "jobs" | "toasts" | "announcement">;

export function createQueueModel(app: Needed): QueueModel {
  return new Queue(app);
}

class Queue implements QueueModel {
  readonly resource = createResource<QueueFacts>(() => this.fetch());
  readonly running = computed(() => this.app.jobs.active.value.filter(isWorking));
  readonly waiting = computed(() => this.inOrder());
  readonly ended = computed(() => {
    const ended = this.app.jobs.all.value.filter((job) => isEnded(job) && !this.hidden.value.has(job.id));
    return ended.toSorted((a, b) => ((a.finishedAt ?? "") < (b.finishedAt ?? "") ? 1 : -1));
  });
  private readonly hidden = signal<ReadonlySet<string>>(new Set());
  private readonly errors = signal<ReadonlyMap<string, ApiError>>(new Map());
  private readonly refused = new Map<string, () => Promise<void>>();
  private readonly told = new Set<string>();
  private readonly stops: ReadonlyArray<() => void>;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly app: Needed) {
    let connections = app.connection.connections.peek();
    this.stops = [
      app.events.on("job.changed", ({ job }) => {
        this.told.add(job.id);
        this.fetchSoon();
      }),
      app.events.on("queue.changed", ({ paused }) => {
        this.resource.update((facts) => ({ ...facts, paused }));
        this.fetchSoon();
      }),
      effect(() => {
        if (app.connection.connections.value === connections) return;
        connections = app.connection.connections.value;
        this.fetchSoon();
      }),
    ];
    void this.resource.load();
  }

  startOf(jobId: string): number | null {
    return this.resource.data.value?.starts.get(jobId) ?? null;
  }

  async move(job: Job, to: number): Promise<void> {
    const before = this.waiting.value.map((other) => other.id);
    const rest = before.filter((id) => id !== job.id);
    const place = Math.min(Math.max(to, 0), rest.length);
    if (before[place] === job.id) return;
    const next = rest[place];
    const target = next === undefined ? { after: rest.at(-1)! } : { before: next };
    this.setOrder(rest.toSpliced(place, 0, job.id));
    this.app.announcement.value = text.moved(job.title, place + 1, before.length);
    const done = await this.act(job.id, () => this.app.api.post(`${pathOf(job)}/move`, target));
    if (!done) this.setOrder(before);
    this.fetchSoon();
  }

  async setPaused(paused: boolean): Promise<void> {
    await this.act("", async () => {
      await this.app.api.post(`/api/queue/${paused ? "pause" : "resume"}`);
      await this.resource.load();
    });
  }

  async retry(job: Job, anyway = false): Promise<void> {
    this.refused.set(job.id, () => this.retry(job, true));
    await this.act(job.id, async () => {
      await this.app.jobs.retry(job, anyway);
      this.app.toasts.show(text.retried(job.title));
    });
  }

  async repeat(job: Job, anyway = false): Promise<void> {
    this.refused.set(job.id, () => this.repeat(job, true));
    await this.act(job.id, async () => {
      this.app.jobs.put(await this.app.api.post<Job>(`${pathOf(job)}/repeat`, anyway ? { queueAnyway: true } : {}));
      this.app.toasts.show(text.repeated(job.title));
    });
  }

  anywayOf(jobId: string): (() => Promise<void>) | null {
    return this.errorOf(jobId)?.code === "cannot_run" ? (this.refused.get(jobId) ?? null) : null;
  }

  remove(job: Job): void {
    const hide = (on: boolean) => {
      const others = [...this.hidden.value].filter((id) => id !== job.id);
      this.hidden.value = new Set(on ? [...others, job.id] : others);
    };
    const send = async () => hide(await this.act(job.id, () => this.app.api.delete(pathOf(job), { keepalive: true })));
    hide(true);
    this.app.toasts.undoable(text.removed[job.kind](job.title), {
      undo: () => hide(false),
      commit: () => void send(),
    });
  }

  cancelAll(jobs: readonly Job[]): void {
    const ids = new Set(jobs.map((job) => job.id));
    const before = this.hidden.value;
    this.hidden.value = new Set([...before, ...ids]);
    const show = () => (this.hidden.value = new Set([...this.hidden.value].filter((id) => !ids.has(id))));
    const send = async () => {
      for (const job of this.app.jobs.active.peek().filter((open) => ids.has(open.id) && !isWorking(open))) await this.act("", () => this.app.jobs.cancel(job));
      show();
    };
    this.app.toasts.undoable(text.cancelled(jobs.length), { undo: () => void show(), commit: () => void send() });
  }

  errorOf(jobId: string): ApiError | null {
    return this.errors.value.get(jobId) ?? null;
  }

  dispose(): void {
    if (this.timer) clearTimeout(this.timer);
    for (const stop of this.stops) stop();
  }

  /** What events told while the answer was on its way is newer than the answer. */
  private async fetch(): Promise<QueueFacts> {
    this.told.clear();
    const { paused, running, waiting, recent } = await this.app.api.get<QueueView>("/api/queue");
    const now = Date.now();
    batch(() => {
      for (const job of [...recent, ...waiting.map((entry) => entry.job), ...running]) if (!this.told.has(job.id)) this.app.jobs.put(job);
    });
    const starts = waiting.map(({ job, startsInSeconds: seconds }) => [job.id, seconds === null ? null : now + seconds * 1000] as const);
    return { paused, order: waiting.map(({ job }) => job.id), starts: new Map(starts) };
  }

  private fetchSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      void this.resource.load();
    }, refetchMs);
  }

  private inOrder(): readonly Job[] {
    const open = this.app.jobs.active.value.filter((job) => !isWorking(job) && !this.hidden.value.has(job.id));
    const order = this.resource.data.value?.order ?? [];
    const places = new Map(order.map((id, index) => [id, index]));
    const place = (job: Job) => places.get(job.id) ?? order.length;
    return open.toSorted((a, b) => place(a) - place(b) || (b.priority ?? 0) - (a.priority ?? 0) || (a.position ?? 0) - (b.position ?? 0));
  }

  private setOrder(order: readonly string[]): void {
    this.resource.update((facts) => ({ ...facts, order }));
  }

  private async act(jobId: string, work: () => Promise<unknown>): Promise<boolean> {
    const others = new Map([...this.errors.value].filter(([id]) => id !== jobId));
    this.errors.value = others;
    try {
      await work();
      return true;
    } catch (thrown) {
      this.errors.value = new Map([...others, [jobId, asApiError(thrown)]]);
      return false;
    }
  }
}

function pathOf(job: Job): string {
  return `/api/jobs/${encodeURIComponent(job.id)}`;
}
