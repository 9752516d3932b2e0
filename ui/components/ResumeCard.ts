import { html } from "htm/preact";
import type { Artifact, Job } from "../../server/contract/job.ts";
import { formatDuration } from "../format.ts";
import { isEnded } from "../models/JobsModel.ts";
import { remediesOf } from "../models/remedies.ts";
import { safePointOf } from "../models/resume.ts";
import { remedyText as text } from "../text/remedies.ts";
import { RetryButton } from "./FailureNotice.ts";
import { Notice } from "./Notice.ts";

/** What of a broken off run is safe, and what going on from there takes. */
export function ResumeCard({ job, checkpoints }: { job: Job; checkpoints: readonly Artifact[] }) {
  const safe = safePointOf(job, checkpoints);
  if (!safe) return null;
  const isBest = job.failure === null || remediesOf(job, job.failure)[0]?.kind === "retry";
  const left = safe.secondsLeft === null ? "" : text.left(formatDuration(safe.secondsLeft));
  const title = text.safe(safe.step.toLocaleString("en"), safe.total.toLocaleString("en"));
  return html`<${Notice} tone="ok" title=${title} actions=${isEnded(job) && html`<${RetryButton} job=${job} kind=${isBest ? "primary" : "plain"} />`}>
    <p class="num">${isEnded(job) ? text.goesOn(left) : text.willGoOn(left)}</p>
  <//>`;
}
