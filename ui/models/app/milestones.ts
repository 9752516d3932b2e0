import type { Signal } from "@preact/signals";
import type { Events } from "../../events.ts";

const marks = [0.25, 0.5, 0.75] as const;

/** Puts the few moments of a job that are worth saying aloud into one polite live region. */
export function watchMilestones(events: Events, announcement: Signal<string>): () => void {
  const reached = new Map<string, number>();
  const titles = new Map<string, string>();
  const stops = [
    events.on("job.progress", ({ jobId, progress }) => {
      const passed = marks.filter((mark) => (progress.fraction ?? 0) >= mark).length;
      const before = reached.get(jobId);
      reached.set(jobId, Math.max(passed, before ?? 0));
      if (before !== undefined && passed > before) announcement.value = `${titles.get(jobId) ?? "The work"}: ${marks[passed - 1]! * 100} % done.`;
    }),
    events.on("job.changed", ({ job }) => {
      const isNew = !titles.has(job.id);
      titles.set(job.id, job.title);
      if (job.state === "succeeded") announcement.value = `${job.title} is finished.`;
      else if (job.state === "failed") announcement.value = `${job.title} failed. ${job.failure?.what ?? ""}`;
      else if (isNew || !reached.has(job.id)) return;
      if (job.state !== "running") reached.delete(job.id);
    }),
    events.on("job.removed", ({ jobId }) => {
      reached.delete(jobId);
      titles.delete(jobId);
    }),
  ];
  return () => stops.forEach((stop) => stop());
}
