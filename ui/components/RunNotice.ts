import { html } from "htm/preact";
import type { Job } from "../../server/contract/job.ts";
import { useApp } from "../models/AppModel.ts";
import { trainingText as text } from "../text/training.ts";
import { Button } from "./Button.ts";
import { Icon } from "./Icon.ts";
import { ErrorNotice, Notice } from "./Notice.ts";

/** What became of a run, or what it waits for, in a sentence and with the next thing to do. */
export function RunNotice({ job }: { job: Job }) {
  switch (job.state) {
    case "queued":
    case "snoozed":
    case "interrupted":
      return html`<${WaitingNotice} job=${job} />`;
    case "failed":
      return job.failure && html`<${ErrorNotice} error=${job.failure} reference=${job.correlationId} actions=${html`<${AgainButton} job=${job} />`} />`;
    case "cancelled":
      return html`<${Notice} title=${text.stopped} actions=${html`<${AgainButton} job=${job} />`}>${text.stoppedHelp}<//>`;
    case "succeeded":
      return html`<${DoneNotice} job=${job} />`;
    case "claimed":
    case "starting":
    case "running":
    case "stopping":
      return null;
  }
}

function WaitingNotice({ job }: { job: Job }) {
  const app = useApp();
  const before = job.waiting?.jobId === undefined ? undefined : app.jobs.byId(job.waiting.jobId);
  const link = before?.kind === "training" && html`<${Button} href=${`/training/${before.id}`}>Watch ${before.title}<//>`;
  return html`<${Notice} title="Waiting" actions=${link}>${job.waiting?.text ?? text.waiting}<//>`;
}

function AgainButton({ job }: { job: Job }) {
  return html`<${Button} icon="refresh" href=${`/training/new?character=${job.characterId ?? ""}&repeat=${job.id}`}>${text.sameAgain}<//>`;
}

function DoneNotice({ job }: { job: Job }) {
  const { library } = useApp();
  const lora = library.loras.value.find((candidate) => job.results.includes(candidate.id) || candidate.jobId === job.id);
  const id = lora?.id ?? job.results[0];
  return html`<section class="card done" aria-label=${text.done(lora?.name ?? "The LoRA")}>
    <span class="badge-icon"><${Icon} name="check" size="l" /></span>
    <div class="grow">
      <h2>${text.done(lora?.name ?? "The LoRA")}</h2>
      <p class="dim">${text.doneHelp}</p>
    </div>
    <div class="row wrap">
      ${id && html`<${Button} kind="primary" class="big" icon="spark" href=${`/generate?lora=${id}`}>${text.makePictures}<//>`}
      ${lora && html`<${Button} class="big" icon="download" href=${lora.downloadUrl} download>${text.downloadLora}<//>`}
    </div>
  </section>`;
}
