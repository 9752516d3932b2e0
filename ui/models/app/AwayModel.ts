import { computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Job } from "../../../server/contract/job.ts";
import type { ConnectionModel } from "./ConnectionModel.ts";
import type { JobsModel } from "../jobs/JobsModel.ts";

/** A shorter absence is no absence: the page itself shows what changed. */
export const awayAfterMs = 60_000;
/** After a new connection what was missed arrives within this time, also when all is fetched anew over a slow tunnel. */
const arrivalMs = 5_000;
const maxNews = 50;
export const seenKey = "isengard.seen";
export const leftKey = "isengard.left";
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
  private newsSince: string | null = null;
  private leftAt: number | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly options: AwayOptions) {
    this.ids = signal((options.store.getItem(newsKey) ?? "").split(" ").filter((id) => id !== ""));
    // The page came with all data, so nothing of it is still on its way.
    const since = this.seen();
    if (since !== null && this.now() - Number(options.store.getItem(leftKey) ?? 0) > awayAfterMs) this.collect(since);
    this.remember();
    document.addEventListener("visibilitychange", this.onVisible);
    addEventListener("pagehide", this.onLeave);
    this.stops = [
      effect(() => {
        void options.jobs.all.value;
        if (this.isPresent.value) this.present();
        else this.leave();
      }),
    ];
    // Until the first connection nobody has left.
    this.leftAt = null;
  }

  putAway(): void {
    this.newsSince = null;
    this.setNews([]);
    this.remember();
  }

  dispose(): void {
    document.removeEventListener("visibilitychange", this.onVisible);
    removeEventListener("pagehide", this.onLeave);
    if (this.timer) clearTimeout(this.timer);
    for (const stop of this.stops) stop();
  }

  private present(): void {
    const isReturn = this.leftAt !== null && this.now() - this.leftAt > awayAfterMs;
    this.leftAt = null;
    if (isReturn) this.arrive();
    else if (this.newsSince === null) this.remember();
    else this.collect(this.newsSince);
  }

  private leave(): void {
    if (this.leftAt !== null) return;
    this.leftAt = this.now();
    this.options.store.setItem(leftKey, String(this.leftAt));
  }

  private arrive(): void {
    this.newsSince = this.seen() ?? "0";
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

  private readonly onLeave = (): void => this.options.store.setItem(leftKey, String(this.now()));
}

function isTabVisible(): boolean {
  return document.visibilityState !== "hidden";
}

/** A job that a person stopped is no news to that person. */
function isNews(job: Job, since: string): boolean {
  if (job.state === "snoozed") return job.startedAt !== null;
  return (job.state === "succeeded" || job.state === "failed") && job.finishedAt !== null && job.finishedAt > since;
}
