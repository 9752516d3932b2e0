import { computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Job } from "../../server/contract/job.ts";
import type { ConnectionModel } from "./ConnectionModel.ts";
import type { JobsModel } from "./JobsModel.ts";

/** A shorter absence is no absence: the page itself shows what changed. */
export const awayAfterMs = 60_000;
/** After a return, what was missed arrives within this time, also when all is fetched anew over a slow tunnel. */
const arrivalMs = 10_000;
const maxNews = 50;
export const seenKey = "isengard.seen";
const newsKey = "isengard.news";

export interface AwayModel {
  /** Jobs that ended, or were put off, while nobody looked; newest first. Empty once put away. */
  readonly news: ReadonlySignal<readonly Job[]>;
  putAway(): void;
  dispose(): void;
}

export interface AwayOptions {
  readonly jobs: Pick<JobsModel, "all">;
  readonly connection: Pick<ConnectionModel, "state">;
  readonly store: Storage;
  readonly now?: () => number;
  readonly arrivalMs?: number;
}

/**
 * Remembers up to where this browser has seen what ended. That is the newest end of a job in the server's own time, so a
 * wrong clock of either computer does no harm.
 */
export function createAwayModel(options: AwayOptions): AwayModel {
  return new Away(options);
}

class Away implements AwayModel {
  readonly news = computed(() => this.ids.value.flatMap((id) => this.options.jobs.all.value.find((job) => job.id === id) ?? []));
  private readonly ids: Signal<readonly string[]>;
  private readonly isVisible = signal(isTabVisible());
  private readonly isPresent = computed(() => this.isVisible.value && ["live", "late"].includes(this.options.connection.state.value.kind));
  private readonly stops: ReadonlyArray<() => void>;
  /** While it is set, what ended after it is news: the person has just come back. */
  private newsSince: string | null;
  private leftAt: number | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly options: AwayOptions) {
    this.ids = signal((options.store.getItem(newsKey) ?? "").split(" ").filter((id) => id !== ""));
    this.newsSince = this.seen();
    this.arrive();
    document.addEventListener("visibilitychange", this.onVisible);
    this.stops = [
      effect(() => {
        void options.jobs.all.value;
        if (this.isPresent.value) this.present();
        else this.leftAt ??= this.now();
      }),
    ];
    // Until the first connection nobody has left.
    this.leftAt = null;
  }

  putAway(): void {
    this.setNews([]);
  }

  dispose(): void {
    document.removeEventListener("visibilitychange", this.onVisible);
    if (this.timer) clearTimeout(this.timer);
    for (const stop of this.stops) stop();
  }

  private present(): void {
    const isReturn = this.leftAt !== null && this.now() - this.leftAt > awayAfterMs;
    this.leftAt = null;
    if (isReturn) {
      this.newsSince = this.seen();
      this.arrive();
    } else if (this.newsSince === null) this.remember();
    else this.collect(this.newsSince);
  }

  private arrive(): void {
    if (this.newsSince === null) return this.remember();
    this.collect(this.newsSince);
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.newsSince = null;
      if (this.isPresent.peek()) this.remember();
    }, this.options.arrivalMs ?? arrivalMs);
  }

  private collect(since: string): void {
    const fresh = this.options.jobs.all.peek().filter((job) => isNews(job, since)).map((job) => job.id);
    const known = this.ids.peek();
    if (fresh.some((id) => !known.includes(id))) this.setNews([...new Set([...fresh, ...known])].slice(0, maxNews));
  }

  private setNews(ids: readonly string[]): void {
    this.ids.value = ids;
    this.options.store.setItem(newsKey, ids.join(" "));
    this.newsSince = ids.length === 0 ? null : this.newsSince;
    if (ids.length === 0) this.remember();
  }

  private seen(): string | null {
    return this.options.store.getItem(seenKey);
  }

  private remember(): void {
    const before = this.seen() ?? "0";
    const newest = this.options.jobs.all.peek().reduce((last, job) => (job.finishedAt !== null && job.finishedAt > last ? job.finishedAt : last), before);
    this.options.store.setItem(seenKey, newest);
  }

  private now(): number {
    return (this.options.now ?? Date.now)();
  }

  private readonly onVisible = (): void => {
    this.isVisible.value = isTabVisible();
  };
}

function isTabVisible(): boolean {
  return document.visibilityState !== "hidden";
}

/** A job that a person stopped is no news to that person. */
function isNews(job: Job, since: string): boolean {
  if (job.state === "snoozed") return job.startedAt !== null;
  return (job.state === "succeeded" || job.state === "failed") && job.finishedAt !== null && job.finishedAt > since;
}
