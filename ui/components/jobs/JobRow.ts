import { html } from "htm/preact";
import type { Job, JobState } from "../../../server/contract/job.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { isWorking, promptOf } from "../../models/jobs/JobsModel.ts";
import { gpuText } from "../../text/gpu.ts";
import { queueText } from "../../text/queue.ts";
import { Badge, SimulatedBadge, type Tone } from "../kit/Badge.ts";
import { ErrorNotice } from "../kit/Notice.ts";
import { Progress, progressWords } from "../kit/Progress.ts";
import { StopHint, StopJob, useStop } from "./StopJob.ts";

const states: Record<JobState, readonly [string, Tone]> = {
  queued: ["Waiting", "off"],
  snoozed: ["Waiting", "off"],
  interrupted: ["Going on soon", "off"],
  claimed: ["Starting", "run"],
  starting: ["Starting", "run"],
  running: ["Running", "run"],
  stopping: ["Stopping", "warn"],
  succeeded: ["Done", "ok"],
  failed: ["Failed", "bad"],
  cancelled: ["Stopped", "off"],
};

export function JobBadge({ state }: { state: JobState }) {
  const [word, tone] = states[state];
  return html`<${Badge} tone=${tone}>${word}<//>`;
}

/** Where a person looks at this job. */
export function jobAddress(job: Job): string {
  if (job.kind === "training") return `/training/${job.id}`;
  return job.results[0] === undefined ? "/generate" : `/gallery?open=${job.results[0]}`;
}

/** One job in a line: what, how far, how long, and a way to stop it. */
export function JobRow({ job, picture }: { job: Job; picture?: unknown }) {
  const [error, stop] = useStop(job);
  return html`<div class="stack grow">
    <div class="row">
      ${picture}
      <div class="grow stack tight">
        <div class="row">
          <div class="row wrap grow"><a class="title-link" href=${jobAddress(job)}>${job.title}</a><${JobBadge} state=${job.state} /><${SimulatedBadge} of=${job} /><${JobGpu} job=${job} /></div>
          <${StopJob} job=${job} kind="quiet" onStop=${stop} />
        </div>
        <${JobPrompt} job=${job} />
        ${isWorking(job) ? html`<${JobProgressBar} job=${job} />` : html`<p class="hint">${job.waiting?.text ?? queueText.waits}</p>`}
        <${StopHint} job=${job} />
      </div>
    </div>
    ${error && html`<${ErrorNotice} error=${error} alert />`}
  </div>`;
}

/** Tells one picture job from the next. */
export function JobPrompt({ job }: { job: Job }) {
  const prompt = promptOf(job);
  return prompt === "" ? null : html`<p class="hint cut">${prompt}</p>`;
}

/** Where there are several: the GPU that this job runs on. */
function JobGpu({ job }: { job: Job }) {
  const { gpus } = useApp().system.status.value.gpu;
  const gpu = gpus.find(({ uuid }) => job.lane === `gpu:${uuid}`);
  return gpu !== undefined && gpus.length > 1 && isWorking(job) ? html`<span class="hint">${gpuText.onGpu(gpu.index)}</span>` : null;
}

/** Why a job waits, and the way to the GPU when that is the reason. */
export function WaitingReason({ job, fallback }: { job: Job; fallback: string }) {
  const toGpu = job.waiting?.code === "gpu_fault" && html` <a href="/">${gpuText.toGpu}</a>`;
  return html`<p class="small">${job.waiting?.text ?? fallback}${toGpu}</p>`;
}

/** Reads the fast-changing progress here, so that a tick draws this bar and nothing else. */
export function JobProgressBar({ job }: { job: Job }) {
  const progress = useApp().jobs.progress(job.id).value;
  const words = progressWords(progress);
  return html`<${Progress} label=${job.title} fraction=${progress?.fraction ?? null} text=${words.text} aside=${words.aside} />`;
}
