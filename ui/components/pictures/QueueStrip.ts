import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import type { Job } from "../../../server/contract/job.ts";
import type { GenerateModel } from "../../models/pictures/GenerateModel.ts";
import { isWorking, promptOf } from "../../models/jobs/JobsModel.ts";
import { generateText as text } from "../../text/generate.ts";
import { Button } from "../kit/Button.ts";
import { FailureNotice } from "../jobs/FailureNotice.ts";
import { JobBadge, JobProgressBar, WaitingReason } from "../jobs/JobRow.ts";
import { ErrorNotice } from "../kit/Notice.ts";
import { StopHint, StopJob, useStop } from "../jobs/StopJob.ts";
import { WaitChoice } from "../jobs/WaitChoice.ts";

/** Picture jobs that run, wait or failed a moment ago. */
export function QueueStrip({ model }: { model: GenerateModel }) {
  const queue = model.queue.value;
  const failed = model.failed.value;
  const section = useRef<HTMLElement>(null);
  const before = useRef(queue.length);
  useEffect(() => {
    // On a small screen the form fills the view, and what was just asked for would begin out of sight.
    const isHidden = (section.current?.getBoundingClientRect().top ?? 0) > innerHeight;
    if (queue.length > before.current && isHidden) section.current?.scrollIntoView({ behavior: "smooth" });
    before.current = queue.length;
  }, [queue.length]);
  if (queue.length + failed.length === 0) return null;
  return html`<section class="stack" aria-labelledby="queue-title" ref=${section}>
    <h2 id="queue-title">${text.queue}</h2>
    <ul class="stack">
      ${queue.map((job, index) => html`<li key=${job.id} class="card queued"><${QueuedJob} job=${job} isFirst=${index === 0} previews=${model.previewOf(job.id)} /></li>`)}
    </ul>
    ${failed.map((job) => html`<${FailureNotice} key=${job.id} job=${job} actions=${html`<${Button} kind="quiet" onClick=${() => model.putAway(job)}>${text.putAway}<//>`}>
      <p class="hint">${job.title}: ${promptOf(job)}</p>
    <//>`)}
  </section>`;
}

function QueuedJob({ job, isFirst, previews }: { job: Job; isFirst: boolean; previews: ReadonlyMap<number, string> }) {
  const [error, stop] = useStop(job);
  const working = isWorking(job);
  const prompt = promptOf(job);
  return html`
    ${working && html`<${LivePreview} previews=${previews} />`}
    <div class="stack tight grow">
      <div class="row apart"><strong class="cut">${job.title}</strong><${JobBadge} state=${job.state} /></div>
      ${prompt !== "" && html`<p class="hint clamp">${prompt}</p>`}
      ${working ? html`<${JobProgressBar} job=${job} />` : html`<${WaitingReason} job=${job} fallback=${text.waiting} />`}
      <${WaitChoice} job=${job} isFolded=${!isFirst} />
      <${StopHint} job=${job} />
      ${error && html`<${ErrorNotice} error=${error} alert />`}
      <div><${StopJob} job=${job} onStop=${stop} /></div>
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
