import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Failure, Job } from "../../server/contract/job.ts";
import { asApiError, type ApiError } from "../api.ts";
import { formatBytes, formatClock } from "../format.ts";
import { useApp } from "../models/AppModel.ts";
import { remediesOf, type Remedy } from "../models/remedies.ts";
import { remedyText as text } from "../text/remedies.ts";
import { Button } from "./Button.ts";
import { CopyButton } from "./CopyField.ts";
import { ErrorNotice } from "./Notice.ts";
import { RefusedNotice } from "./Obstacles.ts";

/** Lines of the tool's output that help; more are in the log. */
const tailLines = 30;

export interface FailureNoticeProps {
  job: Job;
  /** Where the retry button stands elsewhere, for example on the card of what is saved. */
  noRetry?: boolean;
  actions?: ComponentChildren;
  children?: ComponentChildren;
}

/** A failed job: what, why, what to do with the buttons for it, and the raw words one click away. */
export function FailureNotice({ job, noRetry = false, actions, children }: FailureNoticeProps) {
  const failure = job.failure;
  if (!failure) return null;
  const remedies = remediesOf(job, failure).filter((remedy) => !(noRetry && remedy.kind === "retry"));
  const buttons = remedies.map((remedy, index) => html`<${RemedyButton} key=${remedy.kind + index} remedy=${remedy} job=${job} isFirst=${index === 0} />`);
  return html`<${ErrorNotice} error=${{ ...failure, tail: failure.tail.slice(-tailLines) }} reference=${job.correlationId} actions=${html`${buttons}${actions}`}>
    <${Facts} job=${job} failure=${failure} />
    ${children}
  <//>`;
}

function RemedyButton({ remedy, job, isFirst }: { remedy: Remedy; job: Job; isFirst: boolean }) {
  const kind = isFirst ? "primary" : "plain";
  switch (remedy.kind) {
    case "link":
      return html`<${Button} kind=${kind} href=${remedy.href} isOutside=${remedy.isOutside}>${remedy.label}<//>`;
    case "download":
      return html`<${Button} icon="download" href=${remedy.href} download>${remedy.label}<//>`;
    case "retry":
      return html`<${RetryButton} job=${job} kind=${kind} />`;
    case "copy":
      return html`<${CopyButton} label=${text.copy} text=${detailsOf(job)} />`;
  }
}

export function RetryButton({ job, kind = "plain" }: { job: Job; kind?: "plain" | "primary" }) {
  const { jobs } = useApp();
  const [error, setError] = useState<ApiError | null>(null);
  const retry = (anyway: boolean) => jobs.retry(job, anyway).then(() => setError(null), (thrown: unknown) => setError(asApiError(thrown)));
  return html`
    <${Button} kind=${kind} icon="refresh" busyText=${text.retrying} onClick=${() => retry(false)}>${text.retry}<//>
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
