import { html } from "htm/preact";
import type { Job, JobProgress } from "../../server/contract/job.ts";
import { formatClock, formatDuration, formatTimeLeft } from "../format.ts";
import { useApp } from "../models/AppModel.ts";
import { isWorking } from "../models/JobsModel.ts";
import { trainingText as text } from "../text/training.ts";
import { Notice } from "./Notice.ts";
import { Progress, progressWords } from "./Progress.ts";

/** Silence after which the page says so; loading and saving are quiet for long, so it is no error. */
const quietMs = 120_000;

/** How far, how fast, how long. Redrawn by itself once a second and with every step; nothing else on the page is. */
export function RunProgress({ job }: { job: Job }) {
  const app = useApp();
  const progress = app.jobs.progress(job.id).value;
  const lost = app.connection.lostSince.value;
  // Without a connection nothing is known beyond this moment, so the clock stands still too.
  const now = lost ?? app.now.value;
  const running = isWorking(job);
  const quietFor = running && progress && lost === null ? now - Date.parse(progress.updatedAt) : 0;
  const tone = job.state === "succeeded" ? "ok" : job.state === "failed" ? "bad" : "run";
  const words = running && job.state !== "stopping" ? progressWords(progress) : { text: endWords(progress), aside: "" };
  return html`<section class=${lost === null ? "card run-progress" : "card run-progress stale"} aria-label=${text.progress}>
    <${Progress} label=${job.title} tone=${tone} fraction=${progress?.fraction ?? null} text=${words.text} aside=${words.aside} />
    <dl class="numbers">
      ${numbersOf(job, progress, now).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd class="num">${value}</dd></div>`)}
    </dl>
    ${quietFor > quietMs && html`<${Notice} tone="warn">${text.noNews(formatDuration(quietFor / 1000))}<//>`}
  </section>`;
}

function endWords(progress: JobProgress | null): string {
  if (!progress || progress.totalSteps === 0) return "";
  return `Step ${progress.step.toLocaleString("en")} of ${progress.totalSteps.toLocaleString("en")}`;
}

function numbersOf(job: Job, progress: JobProgress | null, now: number): Array<readonly [string, string]> {
  const running = isWorking(job);
  const goesOn = running && job.state !== "stopping";
  const eta = progress?.etaSeconds ?? null;
  const numbers: Array<readonly [string, string]> = [];
  if (goesOn) numbers.push(["Time left", eta === null ? "not known yet" : formatTimeLeft(eta).replace(/ left$/, "")]);
  if (goesOn && eta !== null) numbers.push(["Done at", `about ${formatClock(now + eta * 1000)}`]);
  const elapsed = elapsedSeconds(job, now);
  if (elapsed !== null) numbers.push([running ? "Running for" : "Took", formatDuration(elapsed)]);
  if (running && progress?.speed) numbers.push(["Speed", speedWords(progress.speed)]);
  const { loss = null, learningRate = null } = progress ?? {};
  if (loss !== null) numbers.push(["Loss", loss.toFixed(3)]);
  if (learningRate !== null) numbers.push(["Learning rate", String(Number(learningRate.toPrecision(2)))]);
  return numbers;
}

/** "22.31 iter/sec" and "1.25s/it" of the tools, in words. */
function speedWords(speed: string): string {
  const [, number = "", unit = ""] = /^([\d.]+)\s*(\S+)$/.exec(speed.trim()) ?? [];
  if (/^it(er)?\/s(ec)?$/.test(unit)) return `${Number(Number(number).toPrecision(3))} steps/s`;
  return /^s(ec)?\/it(er)?$/.test(unit) ? `${Number(Number(number).toPrecision(3))} s/step` : speed;
}

/** From the first start to the end, or to now. */
export function elapsedSeconds(job: Job, now: number): number | null {
  if (job.startedAt === null) return null;
  const end = job.finishedAt === null ? now : Date.parse(job.finishedAt);
  return Math.max(0, (end - Date.parse(job.startedAt)) / 1000);
}
