import { signal, type ReadonlySignal } from "@preact/signals";
import type { Job } from "../../../server/contract/job.ts";
import { formatBytes } from "../../format.ts";
import type { AppModel } from "./AppModel.ts";

export interface Need {
  id: string;
  tone: "bad" | "warn" | "ok";
  text: string;
  detail: string;
  action: { label: string; href: string } | null;
}

const dismissedKey = "isengard.dismissed";
const maxDismissed = 200;
/** Below this part of the disk a training may not be able to save. */
const lowDisk = 0.1;

/** What the person has put away on this browser. */
export function createDismissed(store: Storage): { ids: ReadonlySignal<ReadonlySet<string>>; add(id: string): void } {
  const ids = signal<ReadonlySet<string>>(new Set((store.getItem(dismissedKey) ?? "").split(" ").filter((id) => id !== "")));
  return {
    ids,
    add(id) {
      ids.value = new Set([...ids.value, id].slice(-maxDismissed));
      store.setItem(dismissedKey, [...ids.value].join(" "));
    },
  };
}

/** Everything that waits for the person, worst first. Out of facts only; an unchecked thing is not a problem. */
export function needsOf(app: Pick<AppModel, "jobs" | "system" | "characters" | "info">): Need[] {
  return [...failedJobs(app), ...machineProblems(app), ...finishedTrainings(app)];
}

function failedJobs({ jobs }: Pick<AppModel, "jobs">): Need[] {
  return jobs.failed.value.map((job) => ({
    id: `failed:${job.id}`,
    tone: "bad",
    text: `${job.title} failed`,
    detail: job.failure?.what ?? "",
    action: { label: "See why", href: job.kind === "training" ? `/training/${job.id}` : `/queue?open=${job.id}` },
  }));
}

function finishedTrainings({ jobs, characters, info }: Pick<AppModel, "jobs" | "characters" | "info">): Need[] {
  // Whoever made pictures of this person since then needs no reminder.
  const isUsed = (training: Job) =>
    jobs.all.value.some((job) => job.kind === "generation" && job.characterId === training.characterId && job.createdAt > (training.finishedAt ?? ""));
  const isPlayed = (job: Job) => job.simulated && info.value.mode === "production";
  return jobs.all.value
    .filter((job) => job.kind === "training" && job.state === "succeeded" && job.characterId !== null && !isPlayed(job))
    .filter((job, index, list) => list.findIndex((other) => other.characterId === job.characterId) === index && !isUsed(job))
    .map((job) => ({
      id: `done:${job.id}`,
      tone: "ok",
      text: `${characters.byId(job.characterId!)?.name ?? "Your character"} is trained`,
      detail: "Make the first pictures with the new LoRA.",
      action: { label: "Generate", href: `/generate?character=${job.characterId}` },
    }));
}

function machineProblems({ system }: Pick<AppModel, "system">): Need[] {
  const { checks, services, disk } = system.status.value;
  const needs: Need[] = checks
    .filter((check) => check.state === "error" || check.state === "warning")
    .map((check) => ({
      id: `check:${check.id}:${check.detail}`,
      tone: check.state === "error" ? "bad" : "warn",
      text: `${check.label}: ${check.detail}`,
      detail: check.fix,
      action: { label: "Open settings", href: "/settings?at=checks" },
    }));
  for (const service of services.filter(({ state }) => state === "crashed" || state === "gave-up" || state === "unreachable")) {
    const text = service.state === "unreachable" ? `${service.label} does not answer` : `${service.label} has stopped by itself`;
    needs.push({ id: `service:${service.name}:${service.since}`, tone: "bad", text, detail: service.detail, action: { label: "Open settings", href: "/settings?at=engines" } });
  }
  if (disk.totalBytes > 0 && disk.freeBytes / disk.totalBytes < lowDisk && !checks.some((check) => check.id === "disk")) {
    needs.push({
      id: "disk",
      tone: "warn",
      text: "The disk is nearly full",
      detail: `${formatBytes(disk.freeBytes)} of ${formatBytes(disk.totalBytes)} are free.`,
      action: null,
    });
  }
  return needs;
}
