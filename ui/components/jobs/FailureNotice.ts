import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Failure, Job } from "../../../server/contract/job.ts";
import { asApiError, type ApiError } from "../../api.ts";
import { formatBytes, formatClock, formatDuration } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { remediesOf, type Remedy } from "../../models/jobs/remedies.ts";
import type { SafePoint } from "../../models/jobs/resume.ts";
import { remedyText as text } from "../../text/remedies.ts";
import { Button } from "../kit/Button.ts";
import { CopyButton } from "../kit/CopyField.ts";
import { Icon } from "../kit/Icon.ts";
import { ErrorNotice } from "../kit/Notice.ts";
import { RefusedNotice } from "./Obstacles.ts";

/** Lines of the tool's output that help; more are in the log. */
const tailLines = 30;

export interface FailureNoticeProps {
  job: Job;
  /** Where the retry button stands elsewhere. */
  noRetry?: boolean;
  /** What of a training is saved, if anything: a retry goes on from there. */
  safe?: SafePoint | null;
  actions?: ComponentChildren;
  children?: ComponentChildren;
}

/** A failed job: what, why, what to do, and one button that does it. Other ways and the raw words are one press away. */
export function FailureNotice({ job, noRetry = false, safe = null, actions, children }: FailureNoticeProps) {
  const failure = job.failure;
  if (!failure) return null;
  const remedies = remediesOf(job, failure).filter((remedy) => !(noRetry && remedy.kind === "retry"));
  const [first, ...rest] = remedies.map((remedy, index) => html`<${RemedyButton} key=${remedy.kind + index} remedy=${remedy} job=${job} safe=${safe} isFirst=${index === 0} />`);
  const buttons = html`
    ${first}${actions}
    ${rest.length > 0 && html`<${OtherWays}>${rest}<//>`}
  `;
  return html`<${ErrorNotice} error=${{ ...failure, tail: failure.tail.slice(-tailLines) }} reference=${job.correlationId} actions=${buttons}>
    <${Facts} job=${job} failure=${failure} />
    ${safe && html`<p class="num">${safeWords(safe)}</p>`}
    ${children}
  <//>`;
}

/** Lesser choices beside the one that helps most often. */
function OtherWays({ children }: { children?: ComponentChildren }) {
  return html`<details class="fold others"><summary><${Icon} name="right" size="s" />${text.others}</summary><div class="row wrap">${children}</div></details>`;
}

export function safeWords(safe: SafePoint): string {
  const left = safe.secondsLeft === null ? "" : text.left(formatDuration(safe.secondsLeft));
  return `${text.safe(safe.step.toLocaleString("en"), safe.total.toLocaleString("en"))}. ${text.goesOn(left)}`;
}

function RemedyButton({ remedy, job, safe, isFirst }: { remedy: Remedy; job: Job; safe: SafePoint | null; isFirst: boolean }) {
  const kind = isFirst ? "primary" : "plain";
  switch (remedy.kind) {
    case "link":
      return html`<${Button} kind=${kind} href=${remedy.href} isOutside=${remedy.isOutside}>${remedy.label}<//>`;
    case "download":
      return html`<${Button} icon="download" href=${remedy.href} download>${remedy.label}<//>`;
    case "retry":
      return html`<${RetryButton} job=${job} safe=${safe} kind=${kind} />`;
    case "copy":
      return html`<${CopyButton} label=${text.copy} text=${detailsOf(job)} />`;
  }
}

export function RetryButton({ job, safe = null, kind = "plain" }: { job: Job; safe?: SafePoint | null; kind?: "plain" | "primary" }) {
  const { jobs } = useApp();
  const [error, setError] = useState<ApiError | null>(null);
  const retry = (anyway: boolean) => jobs.retry(job, anyway).then(() => setError(null), (thrown: unknown) => setError(asApiError(thrown)));
  return html`
    <${Button} kind=${kind} icon="refresh" busyText=${text.retrying} onClick=${() => retry(false)}>${safe ? text.continueFrom(safe.step.toLocaleString("en")) : text.retry}<//>
    ${error && html`<${RefusedNotice} error=${error} onQueueAnyway=${() => retry(true)} />`}
  `;
}

/** Numbers of this machine that belong to the cause. */
function Facts({ job, failure }: { job: Job; failure: Failure }) {
  const { freeBytes, totalBytes } = useApp().system.status.value.disk;
  if (failure.code === "disk_full") return html`<p class="num">${text.disk(formatBytes(freeBytes), formatBytes(totalBytes))}</p>`;
  if (failure.retryAfterSeconds === undefined || job.finishedAt === null) return null;
  return html`<p class="num">${text.notBefore(formatClock(Date.parse(job.finishedAt) + failure.retryAfterSeconds * 1000))}</p>`;
}

function detailsOf(job: Job): string {
  const { what, why, code, tail } = job.failure!;
  return [`${job.title}: ${what} (${code})`, why, `Reference: ${job.correlationId}`, `Job: ${job.id}`, ...tail.slice(-tailLines)].join("\n");
}
