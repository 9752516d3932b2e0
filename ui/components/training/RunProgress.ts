import { html } from "htm/preact";
import type { Job, JobProgress } from "../../../server/contract/job.ts";
import { formatClock, formatDuration, formatTimeLeft } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { attemptSeconds, isWorking } from "../../models/jobs/JobsModel.ts";
import { trainingText as text } from "../../text/training.ts";
import { Notice } from "../kit/Notice.ts";
import { Progress, progressWords } from "../kit/Progress.ts";
import { StopHint } from "../jobs/StopJob.ts";

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
  const words = job.state === "stopping" ? { text: stepWords(progress), aside: "" } : progressWords(progress);
  return html`<section class=${lost === null ? "card run-progress" : "card run-progress stale"} aria-label=${text.progress}>
    <${Progress} label=${job.title} fraction=${progress?.fraction ?? null} text=${words.text} aside=${words.aside} />
    <dl class="numbers">
      ${numbersOf(job, progress, now).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd class="num">${value}</dd></div>`)}
    </dl>
    <${StopHint} job=${job} />
    ${quietFor > quietMs && html`<${Notice} tone="warn">${text.noNews(formatDuration(quietFor / 1000))}<//>`}
  </section>`;
}

/** "Step 163 of 1,500 · 12 min": how far a run that is over came. */
export function EndFacts({ job }: { job: Job }) {
  const seconds = attemptSeconds(job, 0);
  const facts = [stepWords(job.progress), seconds === null ? "" : formatDuration(seconds)].filter((fact) => fact !== "");
  return facts.length === 0 ? null : html`<p class="hint num">${facts.join(" · ")}</p>`;
}

function stepWords(progress: JobProgress | null): string {
  if (!progress || progress.totalSteps === 0) return "";
  return `Step ${progress.step.toLocaleString("en")} of ${progress.totalSteps.toLocaleString("en")}`;
}

function numbersOf(job: Job, progress: JobProgress | null, now: number): Array<readonly [string, string]> {
  const running = isWorking(job);
  const total = job.startedAt === null || job.attemptStartedAt === undefined ? null : attemptSeconds({ ...job, attemptStartedAt: null }, now);
    const eta = progress?.etaSeconds ?? null;
  const numbers: Array<readonly [string, string]> = [];
  const goesOn = running && job.state !== "stopping";
  if (running) numbers.push(["Time left", !goesOn ? "–" : eta === null ? "unknown" : formatTimeLeft(eta).replace(/ left$/, "")]);
  if (running) numbers.push(["Done at", !goesOn || eta === null ? "unknown" : `about ${formatClock(now + eta * 1000)}`]);
  const elapsed = attemptSeconds(job, now);
  if (elapsed !== null) numbers.push([running ? "Running for" : "Took", formatDuration(elapsed)]);
  if (total !== null && elapsed !== null && job.attempt > 1 && total - elapsed >= 60) numbers.push(["With earlier attempts", formatDuration(total)]);
  // Always in its place, so that nothing moves when it becomes known.
  if (running) numbers.push(["Speed", progress?.speed ? speedWords(progress.speed) : "unknown"]);
  return numbers;
}

/** Below the test pictures, since these say more about a likeness. */
export function LossNow({ job }: { job: Job }) {
  const { loss = null, learningRate = null } = useApp().jobs.progress(job.id).value ?? {};
  const words = [loss === null ? "" : `now ${loss.toFixed(3)}`, learningRate === null ? "" : `learning rate ${Number(learningRate.toPrecision(2))}`];
  return html`<span class="hint num">${words.filter((part) => part !== "").join(" · ")}</span>`;
}

/** "22.31 iter/sec" and "1.25s/it" of the tools, in words. */
function speedWords(speed: string): string {
  const [, number = "", unit = ""] = /^([\d.]+)\s*(\S+)$/.exec(speed.trim()) ?? [];
  if (/^it(er)?\/s(ec)?$/.test(unit)) return `${Number(Number(number).toPrecision(3))} steps/s`;
  return /^s(ec)?\/it(er)?$/.test(unit) ? `${Number(Number(number).toPrecision(3))} s/step` : speed;
}
