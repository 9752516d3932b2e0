import { html } from "htm/preact";
import type { Artifact, Job } from "../../../server/contract/job.ts";
import { formatClock } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { safePointOf, type SafePoint } from "../../models/jobs/resume.ts";
import { gpuText } from "../../text/gpu.ts";
import { simulatedText } from "../../text/obstacles.ts";
import { trainingText as text } from "../../text/training.ts";
import { Button } from "../kit/Button.ts";
import { FailureNotice, RetryButton, safeWords } from "../jobs/FailureNotice.ts";
import { Icon } from "../kit/Icon.ts";
import { Notice } from "../kit/Notice.ts";
import { ResumeCard } from "./ResumeCard.ts";
import { EndFacts } from "./RunProgress.ts";

export interface RunNoticeProps {
  job: Job;
  /** What was saved on the way, from which a retry goes on. */
  checkpoints: readonly Artifact[];
}

/** What became of a run, or what it waits for, in a sentence and with the next thing to do. */
export function RunNotice({ job, checkpoints }: RunNoticeProps) {
  const safe = safePointOf(job, checkpoints);
  switch (job.state) {
    case "queued":
    case "snoozed":
    case "interrupted":
      return html`<${WaitingNotice} job=${job} /><${ResumeCard} safe=${safe} />`;
    case "failed":
      return html`<${FailureNotice} job=${job} safe=${safe}><${EndFacts} job=${job} /><//>`;
    case "cancelled":
      return html`<${StoppedNotice} job=${job} safe=${safe} />`;
    case "succeeded":
      return html`<${DoneNotice} job=${job} />`;
    case "claimed":
    case "starting":
    case "running":
    case "stopping":
      return html`${job.waiting && html`<${Notice}>${job.waiting.text}<//>`}`;
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

/** One wish is usual after a stop: to go on. */
function StoppedNotice({ job, safe }: { job: Job; safe: SafePoint | null }) {
  const actions = safe
    ? html`<${RetryButton} job=${job} safe=${safe} kind="primary" />`
    : html`<${AgainButton} job=${job} kind="primary" />`;
  return html`<${Notice} title=${text.stopped} actions=${actions}>
    <${EndFacts} job=${job} />
    ${safe ? html`<p class="num">${safeWords(safe)}</p>` : html`<p>${text.stoppedEmpty}</p>`}
  <//>`;
}

export function AgainButton({ job, kind = "plain" }: { job: Job; kind?: "plain" | "primary" }) {
  return html`<${Button} kind=${kind} icon="refresh" href=${`/training/new?character=${job.characterId ?? ""}&repeat=${job.id}`}>${text.sameAgain}<//>`;
}

function DoneNotice({ job }: { job: Job }) {
  const { library } = useApp();
  const lora = library.loras.value.find((candidate) => job.results.includes(candidate.id) || candidate.jobId === job.id);
  const id = lora?.id ?? job.results[0];
  const isOffered = lora === undefined || library.usable.value.includes(lora);
  return html`<section class="card done" aria-label=${text.done(lora?.name ?? "The LoRA")}>
    <span class="badge-icon"><${Icon} name="check" size="l" /></span>
    <div class="grow">
      <h2 class="clamp">${text.done(lora?.name ?? "The LoRA")}</h2>
      <p class="dim">${isOffered ? text.doneHelp : simulatedText.lora}</p>
      <${EndFacts} job=${job} />
    </div>
    <div class="row wrap">
      ${id && isOffered && html`<${Button} kind="primary" class="big" icon="spark" href=${`/generate?lora=${id}`}>${text.makePictures}<//>`}
      ${lora && html`<${Button} class="big" icon="download" href=${lora.downloadUrl} download>${text.downloadLora}<//>`}
    </div>
  </section>`;
}
