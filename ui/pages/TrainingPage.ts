import { html } from "htm/preact";
import { useEffect, useId, useMemo } from "preact/hooks";
import type { Job } from "../../server/contract/job.ts";
import { Chip } from "../components/kit/Badge.ts";
import { Button } from "../components/kit/Button.ts";
import { EmptyState, FilteredEmpty } from "../components/kit/EmptyState.ts";
import { coverOf } from "../components/characters/CharacterCard.ts";
import { JobBadge, JobRow } from "../components/jobs/JobRow.ts";
import { ErrorNotice } from "../components/kit/Notice.ts";
import { Page } from "../components/frame/Page.ts";
import { Skeleton } from "../components/kit/Skeleton.ts";
import { Thumb } from "../components/kit/Thumb.ts";
import { formatDateTime, formatDuration } from "../format.ts";
import { useApp } from "../models/app/AppModel.ts";
import { attemptSeconds } from "../models/jobs/JobsModel.ts";
import { createTrainingListModel, historyLimit, type EndFilter, type TrainingListModel } from "../models/training/TrainingListModel.ts";
import { trainingText as text } from "../text/training.ts";

const ends: ReadonlyArray<readonly [EndFilter, string]> = [["all", "All"], ["succeeded", "Done"], ["failed", "Failed"], ["cancelled", "Stopped"]];

/** What is being trained, what waits, and what became of the rest. */
export function TrainingPage() {
  const app = useApp();
  const model = useMemo(() => createTrainingListModel(app, app.router.route.peek().query), []);
  const [character, end] = [model.characterId.value, model.end.value];
  useEffect(() => app.router.setQuery({ character: character || null, end: end === "all" ? null : end }), [character, end]);
  const isEmpty = model.total.value === 0;
  const loaded = model.resource.data.value !== null;
  const error = model.resource.error.value;
  const first = html`<${Button} kind="primary" href="/training/new">${text.emptyAction}<//>`;
  const actions = html`<${Button} kind="primary" icon="plus" href="/training/new">${text.start}<//>`;
  return html`<${Page} title=${text.listTitle} actions=${!isEmpty && actions}>
    ${error && html`<${ErrorNotice} error=${error} actions=${html`<${Button} icon="refresh" onClick=${model.resource.load}>Try again<//>`} />`}
    ${isEmpty && loaded && html`<${EmptyState} icon="train" title=${text.emptyTitle} action=${first}>${text.empty}<//>`}
    ${isEmpty && !loaded && !error && html`<${Skeleton} height="88px" count=${3} />`}
    ${!isEmpty && html`<${Open} jobs=${model.open.value} /><${History} model=${model} />`}
  <//>`;
}

function Open({ jobs }: { jobs: readonly Job[] }) {
  return html`<section class="card" aria-labelledby="open-title">
    <header><h2 id="open-title">${text.open}</h2></header>
    ${jobs.length === 0
      ? html`<p class="hint">${text.noOpen}</p>`
      : html`<ul class="lines">${jobs.map((job) => html`<li key=${job.id}><${JobRow} job=${job} picture=${html`<${Face} job=${job} />`} /></li>`)}</ul>`}
  </section>`;
}

function Face({ job }: { job: Job }) {
  const character = useApp().characters.byId(job.characterId ?? "");
  return html`<${Thumb} src=${character ? coverOf(character) : null} alt="" size="tiny" />`;
}

function History({ model }: { model: TrainingListModel }) {
  const app = useApp();
  const id = useId();
  const history = model.history.value;
  const isFiltered = model.characterId.value !== "" || model.end.value !== "all";
  const choose = (event: Event) => (model.characterId.value = (event.target as HTMLSelectElement).value);
  const clear = () => {
    model.characterId.value = "";
    model.end.value = "all";
  };
  const end = model.end.value === "all" ? "" : ends.find(([id]) => id === model.end.value)![1];
  const filter = [app.characters.byId(model.characterId.value)?.name ?? "", end];
  if (history.length === 0 && !isFiltered) return null;
  return html`<section class="stack" aria-labelledby="history-title">
    <div class="row wrap apart">
      <h2 id="history-title">${text.history}</h2>
      <div class="row wrap">
        <label class="hide" for=${id}>Character</label>
        <select id=${id} class="input auto" value=${model.characterId.value} onChange=${choose}>
          <option value="">${text.everybody}</option>
          ${app.characters.all.value.map((character) => html`<option key=${character.id} value=${character.id}>${character.name}</option>`)}
        </select>
        ${ends.map(([end, word]) => html`<${Chip} key=${end} pressed=${model.end.value === end} onClick=${() => (model.end.value = end)}>${word}<//>`)}
      </div>
    </div>
    ${history.length === 0 && html`<${FilteredEmpty} filter=${filter.filter((part) => part !== "").join(", ")} onClear=${clear} />`}
    ${history.length > 0 && html`<ul class="card lines runs">${history.map((job) => html`<li key=${job.id}><${PastRun} job=${job} /></li>`)}</ul>`}
    ${model.isCut.value && html`<p class="hint">${text.cut(historyLimit)}</p>`}
  </section>`;
}

function PastRun({ job }: { job: Job }) {
  const seconds = attemptSeconds(job, 0);
  const { step = 0, totalSteps = 0 } = job.progress ?? {};
  const steps = totalSteps > 0 ? `${step.toLocaleString("en")} of ${totalSteps.toLocaleString("en")} steps` : "";
  const facts = [formatDateTime(job.createdAt), steps, seconds === null ? "" : formatDuration(seconds)].filter((fact) => fact !== "");
  return html`
    <${Face} job=${job} />
    <div class="grow">
      <div class="row wrap"><a href=${`/training/${job.id}`}><strong>${job.title}</strong></a><${JobBadge} state=${job.state} /></div>
      <p class="hint num">${facts.join(" · ")}</p>
      ${job.failure && html`<p class="small">${job.failure.what}</p>`}
    </div>
    <${Button} kind="quiet" icon="refresh" href=${`/training/new?character=${job.characterId ?? ""}&repeat=${job.id}`} label=${`${text.sameAgain}: ${job.title}`} />
  `;
}
