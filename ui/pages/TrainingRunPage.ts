import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import type { Job } from "../../server/contract/job.ts";
import { SimulatedBadge } from "../components/kit/Badge.ts";
import { Button } from "../components/kit/Button.ts";
import { CheckpointList } from "../components/training/CheckpointList.ts";
import { EmptyState } from "../components/kit/EmptyState.ts";
import { Icon } from "../components/kit/Icon.ts";
import { JobBadge } from "../components/jobs/JobRow.ts";
import { LogView } from "../components/jobs/LogView.ts";
import { LossChart } from "../components/training/LossChart.ts";
import { GpuList } from "../components/machine/Machine.ts";
import { ErrorNotice } from "../components/kit/Notice.ts";
import { Page } from "../components/frame/Page.ts";
import { AgainButton, RunNotice } from "../components/training/RunNotice.ts";
import { LossNow, RunProgress } from "../components/training/RunProgress.ts";
import { SampleTimeline } from "../components/training/SampleTimeline.ts";
import { Skeleton } from "../components/kit/Skeleton.ts";
import { StageList } from "../components/training/StageList.ts";
import { StopJob } from "../components/jobs/StopJob.ts";
import { StopDialog } from "../components/training/StopRun.ts";
import { useApp } from "../models/app/AppModel.ts";
import { isEnded, isWorking, titleOf } from "../models/jobs/JobsModel.ts";
import { createLogModel } from "../models/jobs/LogModel.ts";
import { createTrainingRunModel, type TrainingRunModel } from "../models/training/TrainingRunModel.ts";
import { useOwned } from "../models/hooks/useOwned.ts";
import { trainingText as text } from "../text/training.ts";
import type { PageParams } from "./pages.ts";

const up = { href: "/training", label: "Training" };

/** Is it working, how long, and does it look like the person yet? */
export function TrainingRunPage({ params }: PageParams) {
  const app = useApp();
  const id = params["id"]!;
  const model = useOwned(() => createTrainingRunModel(app, id), id);
  const [asking, setAsking] = useState(false);
  const job = model.job.value;
  const error = model.found.error.value;
  if (!job) {
    const missing = error?.status === 404;
    return html`<${Page} title="Training" up=${up}>
      ${missing && html`<${EmptyState} icon="train" title=${text.missingTitle} action=${html`<${Button} href="/training">All trainings<//>`}>${text.missing}<//>`}
      ${error && !missing && html`<${ErrorNotice} error=${error} actions=${html`<${Button} icon="refresh" onClick=${model.found.load}>Try again<//>`} />`}
      ${!error && html`<${Skeleton} height="160px" count=${3} />`}
    <//>`;
  }
  return html`<${Page} title=${titleOf(job)} jobId=${job.id} up=${up} actions=${isEnded(job) ? html`<${AgainButton} job=${job} />` : html`<${StopJob} job=${job} hasPopup="dialog" onStop=${() => setAsking(true)} />`}>
    <div class="row wrap"><${JobBadge} state=${job.state} /><${SimulatedBadge} of=${job} /><${About} job=${job} /></div>
    <div class="run-top stack">
      <${RunNotice} job=${job} checkpoints=${model.checkpoints.value} />
      ${isWorking(job) && html`<${RunProgress} job=${job} />`}
    </div>
    ${job.startedAt === null && !isEnded(job)
      ? html`<${Gpu} />`
      : html`<div class="cols main-side">
            <div class="stack wide">
              <${Samples} model=${model} job=${job} />
              <${Loss} model=${model} job=${job} />
            </div>
            <${Side} model=${model} job=${job} />
          </div>
          <${Log} job=${job} />`}
    ${asking &&
    !isEnded(job) &&
    html`<${StopDialog} job=${job} checkpoints=${model.checkpoints.value.length} onStop=${model.stop} onClose=${() => setAsking(false)} />`}
  <//>`;
}

function About({ job }: { job: Job }) {
  const character = useApp().characters.byId(job.characterId ?? "");
  const attempt = job.attempt > 1 ? `Attempt ${job.attempt}` : "";
  return html`<span class="hint">${character && html`<a href=${`/characters/${character.id}`}>${character.name}</a>`}${attempt && ` · ${attempt}`}</span>`;
}

function Card({ title, end, children }: { title: string; end?: ComponentChildren; children?: ComponentChildren }) {
  const id = useId();
  return html`<section class="card" aria-labelledby=${id}><header><h2 id=${id}>${title}</h2>${end}</header>${children}</section>`;
}

/** As many as most presets draw. */
const usualPictures = 4;

function Samples({ model, job }: { model: TrainingRunModel; job: Job }) {
  const error = model.artifacts.error.value;
  const isLoading = model.artifacts.data.value === null && !error && (job.progress?.step ?? 0) > 0;
  const isExpected = !isEnded(job) || isLoading;
  if (!isExpected && !error && model.samples.value.steps.length === 0) return null;
  return html`<${Card} title=${text.samples}>
    ${error && html`<${ErrorNotice} error=${error} actions=${html`<${Button} icon="refresh" onClick=${model.artifacts.load}>Try again<//>`} />`}
    <${SampleTimeline} table=${model.samples.value} prompts=${model.prompts.value} isExpected=${isExpected} expected=${model.prompts.value.length || usualPictures} />
  <//>`;
}

function Loss({ model, job }: { model: TrainingRunModel; job: Job }) {
  const { series, version, resource } = model.loss;
  const error = resource.error.value;
  // A run that ended before its first step has nothing to show here.
  if (isEnded(job) && !error && (job.progress?.step ?? 0) === 0) return null;
  const isExpected = !isEnded(job) || (resource.data.value === null && !error);
  return html`<${Card} title=${text.loss} end=${isWorking(job) && html`<${LossNow} job=${job} />`}>
    ${error && html`<${ErrorNotice} error=${error} actions=${html`<${Button} icon="refresh" onClick=${resource.load}>Try again<//>`} />`}
    <div class=${isExpected ? "chart-place" : ""}><${LossChart} series=${series} version=${version} isRunning=${isExpected} /></div>
  <//>`;
}

function Gpu() {
  return html`<${Card} title=${text.gpu}><${GpuList} status=${useApp().system.status.value.gpu} /><//>`;
}

function Side({ model, job }: { model: TrainingRunModel; job: Job }) {
  const warnings = job.warnings;
  return html`<div class="stack wide">
    ${(!isEnded(job) || model.checkpoints.value.length > 0 || model.artifacts.data.value === null) &&
    html`<${Card} title=${text.checkpoints}><${CheckpointList} checkpoints=${model.checkpoints.value} /><//>`}
    ${isWorking(job) && html`<${Stages} job=${job} />`}
    ${warnings.length > 0 &&
    html`<${Card} title=${text.warnings}>
      <ul class="stack small">
        ${warnings.map((warning) => html`<li class="row top" key=${warning}><${Icon} name="info" size="s" /><span>${warning}</span></li>`)}
      </ul>
    <//>`}
    ${!isEnded(job) && html`<${Gpu} />`}
  </div>`;
}

function Stages({ job }: { job: Job }) {
  const stages = useApp().jobs.progress(job.id).value?.stages ?? [];
  if (stages.length === 0) return null;
  return html`<${Card} title=${text.stages}><${StageList} stages=${stages} /><//>`;
}

/** Closed at first, since the page has better to show. */
function Log({ job }: { job: Job }) {
  const [open, setOpen] = useState(false);
  return html`<details class="card fold log-fold" open=${open} onToggle=${(event: Event) => setOpen((event.target as HTMLDetailsElement).open)}>
    <summary><${Icon} name="right" size="s" /><h2>${text.log}</h2></summary>
    ${open && html`<${OpenLog} job=${job} />`}
  </details>`;
}

function OpenLog({ job }: { job: Job }) {
  const { api, events, connection } = useApp();
  const model = useOwned(() => createLogModel({ api, events, connection, source: { kind: "job", jobId: job.id } }), job.id);
  return html`
    <div><${Button} kind="link" icon="log" href=${`/logs?job=${job.id}`}>${text.fullLog}<//></div>
    <${LogView} model=${model} label=${text.log} empty=${text.logEmpty} />
  `;
}
