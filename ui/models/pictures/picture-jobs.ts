import { effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Job } from "../../../server/contract/job.ts";
import { maxWatched } from "../../socket.ts";
import type { AppModel } from "../app/AppModel.ts";

export interface PictureJobs {
  /** Every job that was in the queue since the page was opened. */
  readonly seen: Signal<ReadonlySet<string>>;
  /** The newest preview of each picture of a job, as data URLs by index. */
  previewOf(jobId: string): ReadonlyMap<number, string>;
  dispose(): void;
}

/** Asks the server for the previews of what is in the queue, as many jobs as a socket may watch, and forgets those that left. */
export function watchPictureJobs(app: Pick<AppModel, "events" | "connection">, queue: ReadonlySignal<readonly Job[]>): PictureJobs {
  const seen = signal<ReadonlySet<string>>(new Set());
  const previews = signal<ReadonlyMap<string, ReadonlyMap<number, string>>>(new Map());
  const watched = new Set<string>();
  const stops = [
    effect(() => {
      const wanted = queue.value.slice(0, maxWatched).map((job) => job.id);
      for (const id of [...watched].filter((other) => !wanted.includes(other))) {
        watched.delete(id);
        app.connection.unwatch(id);
      }
      for (const id of wanted.filter((other) => !watched.has(other))) {
        watched.add(id);
        app.connection.watch(id);
      }
      const before = seen.peek();
      if (queue.value.some((job) => !before.has(job.id))) seen.value = new Set([...before, ...queue.value.map((job) => job.id)]);
      const kept = [...previews.peek()].filter(([id]) => watched.has(id));
      if (kept.length < previews.peek().size) previews.value = new Map(kept);
    }),
    app.events.on("job.preview", ({ jobId, index, dataUrl }) => {
      if (!watched.has(jobId)) return;
      previews.value = new Map(previews.value).set(jobId, new Map(previews.value.get(jobId)).set(index, dataUrl));
    }),
  ];
  return {
    seen,
    previewOf: (jobId) => previews.value.get(jobId) ?? new Map<number, string>(),
    dispose() {
      for (const stop of stops) stop();
      for (const id of watched) app.connection.unwatch(id);
      watched.clear();
    },
  };
}
