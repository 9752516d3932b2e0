import { computed, effect, type ReadonlySignal } from "@preact/signals";
import type { Job } from "../../../server/contract/job.ts";
import type { Events } from "../../events.ts";
import { formatPercent } from "../../format.ts";
import { isWorking, titleOf, type JobsModel } from "../jobs/JobsModel.ts";

const endWords: Partial<Record<Job["state"], string>> = { succeeded: "Done", failed: "Failed", cancelled: "Stopped", queued: "Waiting", snoozed: "Waiting", interrupted: "Waiting" };

interface TabParts {
  readonly pageTitle: ReadonlySignal<string>;
  /** The job that the page is about, if it is about one. */
  readonly pageJob: ReadonlySignal<string | null>;
  readonly jobs: Pick<JobsModel, "active" | "byId" | "progress">;
  readonly events: Events;
}

/** What one reads of a tab that is in the background: its title tells of its own page, its icon of what runs. */
export function watchTab({ pageTitle, pageJob, jobs, events }: TabParts): () => void {
  const stops = [
    effect(() => {
      const job = pageJob.value === null ? undefined : jobs.byId(pageJob.value);
      document.title = [job ? stateWord(jobs, job) : "", pageTitle.value].filter((part) => part !== "").join(" · ") + (pageTitle.value === "" ? "Isengard" : " – Isengard");
    }),
    watchIcon(jobs),
    events.on("job.changed", ({ job }) => notify(job)),
  ];
  return () => stops.forEach((stop) => stop());
}

function stateWord(jobs: TabParts["jobs"], job: Job): string {
  if (!isWorking(job)) return endWords[job.state] ?? "";
  const fraction = jobs.progress(job.id).value?.fraction ?? null;
  return fraction === null ? "" : formatPercent(fraction);
}

/** A ring around the mark fills with the work that runs; drawn anew for each percent, not for each step. */
function watchIcon(jobs: TabParts["jobs"]): () => void {
  const percent = computed(() => {
    const running = jobs.active.value.find(isWorking);
    const fraction = running ? (jobs.progress(running.id).value?.fraction ?? null) : null;
    return fraction === null ? null : Math.floor(fraction * 100);
  });
  const link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  const plain = link?.getAttribute("href") ?? "";
  return effect(() => {
    if (link) link.href = percent.value === null ? plain : ring(percent.value);
  });
}

function ring(percent: number): string {
  const circle = (color: string, dash: string) => `<circle cx="16" cy="16" r="13" fill="none" stroke="${color}" stroke-width="6" pathLength="100"${dash} transform="rotate(-90 16 16)"/>`;
  return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${circle("#9fb4d0", "")}${circle("#1f5fbf", ` stroke-dasharray="${percent} 100"`)}</svg>`)}`;
}

/** Only where the person allowed it in Settings, and only while nobody looks. */
function notify(job: Job): void {
  if ((job.state !== "succeeded" && job.state !== "failed") || document.visibilityState !== "hidden") return;
  if (typeof Notification !== "function" || Notification.permission !== "granted") return;
  try {
    const note = new Notification(job.state === "failed" ? `Failed: ${job.title}` : titleOf(job), { body: job.failure?.what ?? "", tag: job.id, icon: "/static/icon.svg" });
    note.onclick = () => focus();
  } catch {
    // Some phones allow it only to service workers; the page says the same when it is looked at.
  }
}
