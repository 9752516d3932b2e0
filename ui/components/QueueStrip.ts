import { html } from "htm/preact";
import { useState } from "preact/hooks";
import type { Job } from "../../server/contract/job.ts";
import { asApiError, type ApiError } from "../api.ts";
import { useApp } from "../models/AppModel.ts";
import type { GenerateModel } from "../models/GenerateModel.ts";
import { isWorking } from "../models/JobsModel.ts";
import { generateText as text } from "../text/generate.ts";
import { Button } from "./Button.ts";
import { JobBadge, JobProgressBar } from "./JobRow.ts";
import { ErrorNotice } from "./Notice.ts";

/** Picture jobs that run, wait or failed a moment ago. */
export function QueueStrip({ model }: { model: GenerateModel }) {
  const queue = model.queue.value;
  const failed = model.failed.value;
  if (queue.length + failed.length === 0) return null;
  return html`<section class="stack" aria-labelledby="queue-title">
    <h2 id="queue-title">${text.queue}</h2>
    <ul class="stack">
      ${queue.map((job) => html`<li key=${job.id} class="card queued"><${QueuedJob} job=${job} previews=${model.previewOf(job.id)} /></li>`)}
    </ul>
    ${failed.map((job) => job.failure && html`<${ErrorNotice}
      key=${job.id}
      error=${job.failure}
      reference=${job.correlationId}
      actions=${html`
        <${Button} icon="refresh" onClick=${() => model.retry(job)}>${text.tryAgain}<//>
        <${Button} kind="quiet" onClick=${() => model.putAway(job)}>${text.putAway}<//>
      `}
    />`)}
  </section>`;
}

function QueuedJob({ job, previews }: { job: Job; previews: ReadonlyMap<number, string> }) {
  const app = useApp();
  const [error, setError] = useState<ApiError | null>(null);
  const working = isWorking(job);
  const stop = async () => {
    try {
      await app.jobs.cancel(job);
      setError(null);
    } catch (thrown) {
      setError(asApiError(thrown));
    }
  };
  const prompt = typeof job.request["prompt"] === "string" ? job.request["prompt"] : "";
  return html`
    ${working && html`<${LivePreview} previews=${previews} />`}
    <div class="stack tight grow">
      <div class="row apart"><strong class="cut">${job.title}</strong><${JobBadge} state=${job.state} /></div>
      ${prompt !== "" && html`<p class="hint clamp">${prompt}</p>`}
      ${working ? html`<${JobProgressBar} job=${job} />` : html`<p class="small">${job.waiting?.text ?? text.waiting}</p>`}
      ${error && html`<${ErrorNotice} error=${error} alert />`}
      <div>
        <${Button} icon="stop" unavailable=${job.state === "stopping" ? "It is already stopping." : null} onClick=${stop}>
          ${text.cancel}<span class="hide"> ${job.title}</span>
        <//>
      </div>
    </div>
  `;
}

/** The picture as it comes out of the noise; decoration for the progress in words beside it. */
function LivePreview({ previews }: { previews: ReadonlyMap<number, string> }) {
  const newest = [...previews].at(-1);
  return html`<div class="live-preview">
    ${newest ? html`<img src=${newest[1]} alt=${`Preview of picture ${newest[0] + 1}`} />` : html`<span class="hint">${text.previewSoon}</span>`}
  </div>`;
}
