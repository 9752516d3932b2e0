import { html } from "htm/preact";
import type { Artifact, Job } from "../../server/contract/job.ts";
import { formatClock } from "../format.ts";
import { useApp } from "../models/AppModel.ts";
import { safePointOf } from "../models/resume.ts";
import { gpuText } from "../text/gpu.ts";
import { simulatedText } from "../text/obstacles.ts";
import { trainingText as text } from "../text/training.ts";
import { Button } from "./Button.ts";
import { FailureNotice } from "./FailureNotice.ts";
import { Icon } from "./Icon.ts";
import { Notice } from "./Notice.ts";
import { ResumeCard } from "./ResumeCard.ts";
import { StopHint } from "./StopJob.ts";

export interface RunNoticeProps {
  job: Job;
  /** What was saved on the way, from which a retry goes on. */
  checkpoints: readonly Artifact[];
}

/** What became of a run, or what it waits for, in a sentence and with the next thing to do. */
export function RunNotice({ job, checkpoints }: RunNoticeProps) {
  const resume = html`<${ResumeCard} job=${job} checkpoints=${checkpoints} />`;
  switch (job.state) {
    case "queued":
    case "snoozed":
    case "interrupted":
      return html`<${WaitingNotice} job=${job} />${resume}`;
    case "failed":
      return html`<${FailureNotice} job=${job} noRetry=${safePointOf(job, checkpoints) !== null} actions=${html`<${AgainButton} job=${job} />`} />${resume}`;
    case "cancelled":
      return html`<${Notice} title=${text.stopped} actions=${html`<${AgainButton} job=${job} />`}>${text.stoppedHelp}<//>${resume}`;
    case "succeeded":
      return html`<${DoneNotice} job=${job} />`;
    case "claimed":
    case "starting":
    case "running":
    case "stopping":
      return html`<${StopHint} job=${job} />${job.waiting && html`<${Notice}>${job.waiting.text}<//>`}`;
  }
}

function WaitingNotice({ job }: { job: Job }) {
  const app = useApp();
  const before = job.waiting?.jobId === undefined ? undefined : app.jobs.byId(job.waiting.jobId);
  const link = before?.kind === "training" && html`<${Button} href=${`/training/${before.id}`}>${text.watchThat}<//>`;
  const gpu = job.waiting?.code === "gpu_fault" && html`<${Button} href="/">${gpuText.toGpu}<//>`;
  const until = job.waiting?.until;
  return html`<${Notice} title="Waiting" actions=${html`${gpu}${link}<${Button} href="/queue">${text.seeQueue}<//>`}>
    <p>${job.waiting?.text ?? text.waiting}${until && ` ${text.triedAgain(formatClock(Date.parse(until)))}`}</p>
  <//>`;
}

function AgainButton({ job }: { job: Job }) {
  return html`<${Button} icon="refresh" href=${`/training/new?character=${job.characterId ?? ""}&repeat=${job.id}`}>${text.sameAgain}<//>`;
}

function DoneNotice({ job }: { job: Job }) {
  const { library } = useApp();
  const lora = library.loras.value.find((candidate) => job.results.includes(candidate.id) || candidate.jobId === job.id);
  const id = lora?.id ?? job.results[0];
  const isOffered = lora === undefined || library.usable.value.includes(lora);
  return html`<section class="card done" aria-label=${text.done(lora?.name ?? "The LoRA")}>
    <span class="badge-icon"><${Icon} name="check" size="l" /></span>
    <div class="grow">
      <h2>${text.done(lora?.name ?? "The LoRA")}</h2>
      <p class="dim">${isOffered ? text.doneHelp : simulatedText.lora}</p>
      ${job.warnings.map((warning) => html`<p class="row top small warn" key=${warning}><${Icon} name="alert" size="s" /><span>${warning}</span></p>`)}
    </div>
    <div class="row wrap">
      ${id && isOffered && html`<${Button} kind="primary" class="big" icon="spark" href=${`/generate?lora=${id}`}>${text.makePictures}<//>`}
      ${lora && html`<${Button} class="big" icon="download" href=${lora.downloadUrl} download>${text.downloadLora}<//>`}
    </div>
  </section>`;
}
