import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import type { Job } from "../../../server/contract/job.ts";
import { formatClock, formatDateTime, formatDuration } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { attemptSeconds } from "../../models/jobs/JobsModel.ts";
import type { QueueModel } from "../../models/jobs/QueueModel.ts";
import { queueText as text } from "../../text/queue.ts";
import { SimulatedBadge } from "../kit/Badge.ts";
import { Button } from "../kit/Button.ts";
import { JobBadge, JobPrompt, jobAddress } from "./JobRow.ts";
import { FailureNotice } from "./FailureNotice.ts";
import { Icon } from "../kit/Icon.ts";
import { RefusedNotice } from "./Obstacles.ts";

const maxEarlier = 20;

/** What ended: today's in view, the rest behind a fold. */
export function EndedList({ model, jobs }: { model: QueueModel; jobs: readonly Job[] }) {
  const { value: route } = useApp().router.route;
  const midnight = new Date(useApp().now.value).setHours(0, 0, 0, 0);
  const isToday = (job: Job) => Date.parse(job.finishedAt ?? job.createdAt) >= midnight;
  const today = jobs.filter(isToday);
  const earlier = jobs.filter((job) => !isToday(job)).slice(0, maxEarlier);
  const rows = (list: readonly Job[], isNew: boolean) =>
    html`<ul class="lines">${list.map((job) => html`<li key=${job.id}><${Ended} job=${job} model=${model} isToday=${isNew} /></li>`)}</ul>`;
  return html`
    ${today.length === 0 ? html`<p class="hint">${text.noDone}</p>` : rows(today, true)}
    ${earlier.length > 0 && html`<details class="fold" open=${earlier.some((job) => job.id === route.query.get("open"))}><summary>${text.earlier(earlier.length)}</summary>${rows(earlier, false)}</details>`}
  `;
}

function Ended({ job, model, isToday }: { job: Job; model: QueueModel; isToday: boolean }) {
  const error = model.errorOf(job.id);
  const at = job.finishedAt ?? job.createdAt;
  const seconds = job.finishedAt === null ? null : attemptSeconds(job, 0);
  const took = seconds === null ? "" : text.took(formatDuration(seconds));
  const facts = [isToday ? formatClock(Date.parse(at)) : formatDateTime(at), took].filter((fact) => fact !== "");
  return html`<div class="stack grow">
    <div class="row wrap">
      <div class="grow stack tight basis">
        <div class="row wrap"><a class="title-link" href=${jobAddress(job)}>${job.title}</a><${JobBadge} state=${job.state} /><${SimulatedBadge} of=${job} /></div>
        <${JobPrompt} job=${job} />
        <p class="hint num">${facts.join(" · ")}</p>
      </div>
      <div class="row tools">
        ${job.state !== "succeeded" && html`<${Button} kind="quiet" icon="refresh" busyText=${text.retrying} name=${`${text.retry} ${job.title}`} onClick=${() => model.retry(job)}>${text.retry}<//>`}
        <${Button} kind="quiet" icon="plus" busyText=${text.retrying} name=${`${text.repeat} ${job.title}`} onClick=${() => model.repeat(job)}>${text.repeat}<//>
        <${Button} kind="quiet" icon=${job.kind === "training" ? "trash" : "close"} label=${`${text.remove[job.kind]}: ${job.title}`} onClick=${() => model.remove(job)} />
      </div>
    </div>
    ${job.failure && html`<${Why} job=${job} what=${job.failure.what} />`}
    ${error && html`<${RefusedNotice} error=${error} onQueueAnyway=${model.anywayOf(job.id)} />`}
  </div>`;
}

/** The failure in a sentence; cause, way out and raw words one press away. Home leads here with it open. */
function Why({ job, what }: { job: Job; what: string }) {
  const isAsked = useApp().router.route.value.query.get("open") === job.id;
  const fold = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    if (isAsked) fold.current?.scrollIntoView({ block: "center" });
  }, [isAsked]);
  return html`<details class="fold" ref=${fold} open=${isAsked}>
    <summary><${Icon} name="right" size="s" />${what}</summary>
    <${FailureNotice} job=${job} noRetry />
  </details>`;
}
