import { html } from "htm/preact";
import type { Job } from "../../server/contract/job.ts";
import { formatClock, formatDateTime, formatDuration } from "../format.ts";
import { useApp } from "../models/AppModel.ts";
import type { QueueModel } from "../models/QueueModel.ts";
import { queueText as text } from "../text/queue.ts";
import { Button } from "./Button.ts";
import { JobBadge, jobAddress } from "./JobRow.ts";
import { ErrorNotice } from "./Notice.ts";

const maxEarlier = 20;

/** What ended: today's in view, the rest behind a fold. */
export function EndedList({ model, jobs }: { model: QueueModel; jobs: readonly Job[] }) {
  const midnight = new Date(useApp().now.value).setHours(0, 0, 0, 0);
  const isToday = (job: Job) => Date.parse(job.finishedAt ?? job.createdAt) >= midnight;
  const today = jobs.filter(isToday);
  const earlier = jobs.filter((job) => !isToday(job)).slice(0, maxEarlier);
  const rows = (list: readonly Job[], isNew: boolean) =>
    html`<ul class="lines">${list.map((job) => html`<li key=${job.id}><${Ended} job=${job} model=${model} isToday=${isNew} /></li>`)}</ul>`;
  return html`
    ${today.length === 0 ? html`<p class="hint">${text.noDone}</p>` : rows(today, true)}
    ${earlier.length > 0 && html`<details class="fold"><summary>${text.earlier(earlier.length)}</summary>${rows(earlier, false)}</details>`}
  `;
}

function Ended({ job, model, isToday }: { job: Job; model: QueueModel; isToday: boolean }) {
  const error = model.errorOf(job.id);
  const at = job.finishedAt ?? job.createdAt;
  const took = job.startedAt && job.finishedAt ? text.took(formatDuration((Date.parse(job.finishedAt) - Date.parse(job.startedAt)) / 1000)) : "";
  const facts = [isToday ? formatClock(Date.parse(at)) : formatDateTime(at), took].filter((fact) => fact !== "");
  return html`<div class="stack grow">
    <div class="row wrap">
      <div class="grow stack tight basis">
        <div class="row wrap"><a class="title-link" href=${jobAddress(job)}>${job.title}</a><${JobBadge} state=${job.state} /></div>
        <p class="hint num">${facts.join(" · ")}</p>
        ${job.failure && html`<p class="small">${job.failure.what}</p>`}
      </div>
      <div class="row tools">
        ${job.state !== "succeeded" && html`<${Button} kind="quiet" icon="refresh" busyText=${text.retrying} name=${`${text.retry} ${job.title}`} onClick=${() => model.retry(job)}>${text.retry}<//>`}
        <${Button} kind="quiet" icon="plus" busyText=${text.retrying} name=${`${text.repeat} ${job.title}`} onClick=${() => model.repeat(job)}>${text.repeat}<//>
        <${Button} kind="quiet" icon="trash" label=${`${text.remove} ${job.title}`} onClick=${() => model.remove(job)} />
      </div>
    </div>
    ${error && html`<${ErrorNotice} error=${error} alert />`}
  </div>`;
}
