import { html } from "htm/preact";
import { useId } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { Job, JobKind } from "../../server/contract/job.ts";
import { Badge, Chip } from "../components/kit/Badge.ts";
import { Button } from "../components/kit/Button.ts";
import { EmptyState, FilteredEmpty } from "../components/kit/EmptyState.ts";
import { EndedList } from "../components/jobs/EndedList.ts";
import { JobRow } from "../components/jobs/JobRow.ts";
import { ErrorNotice, Notice } from "../components/kit/Notice.ts";
import { Page } from "../components/frame/Page.ts";
import { Skeleton } from "../components/kit/Skeleton.ts";
import { WaitingList } from "../components/jobs/WaitingList.ts";
import { useApp } from "../models/app/AppModel.ts";
import { createQueueModel, type QueueModel } from "../models/jobs/QueueModel.ts";
import { useOwned } from "../models/hooks/useOwned.ts";
import { queueText as text } from "../text/queue.ts";

const kinds: ReadonlyArray<readonly [JobKind | null, string]> = [[null, text.all], ["training", text.trainings], ["generation", text.pictures]];

/** What runs, what waits for what, and what became of the rest? */
export function QueuePage() {
  const app = useApp();
  const model = useOwned(() => createQueueModel(app), "queue");
  const kind = kinds.find(([id]) => id !== null && id === app.router.route.value.query.get("show"))?.[0] ?? null;
  const setKind = (next: JobKind | null) => app.router.setQuery({ show: next });
  const facts = model.resource.data.value;
  const error = model.resource.error.value;
  const fits = (job: Job) => kind === null || job.kind === kind;
  const [running, waiting, ended] = [model.running, model.waiting, model.ended].map((list) => list.value.filter(fits)) as [Job[], Job[], Job[]];
  const isEmpty = running.length + waiting.length + ended.length === 0;
  const again = html`<${Button} icon="refresh" busyText="Trying…" onClick=${model.resource.load}>Try again<//>`;
  return html`<${Page} title=${text.title} actions=${facts && html`<${PauseButton} model=${model} isPaused=${facts.paused !== null} />`}>
    ${error && html`<${ErrorNotice} error=${error} actions=${again} />`}
    ${model.errorOf("") && html`<${ErrorNotice} error=${model.errorOf("")} alert />`}
    ${facts?.paused && html`<${Notice} tone="warn" title=${text.pausedTitle}>${facts.paused.reason && html`<p>${facts.paused.reason}</p>`}<p>${text.paused}</p><//>`}
    ${!facts && !error && html`<${Skeleton} height="104px" count=${3} />`}
    ${facts && isEmpty && kind === null && html`<${Nothing} />`}
    ${(facts || error) && !(isEmpty && kind === null) &&
    html`<div class=${error ? "stack wide stale" : "stack wide"}>
      <div class="row wrap" role="group" aria-label="Show">${kinds.map(([id, word]) => html`<${Chip} key=${word} pressed=${kind === id} onClick=${() => setKind(id)}>${word}<//>`)}</div>
      ${isEmpty
        ? html`<${FilteredEmpty} filter=${kinds.find(([id]) => id === kind)![1]} onClear=${() => setKind(null)} />`
        : html`<${Lists} model=${model} running=${running} waiting=${waiting} ended=${ended} isPaused=${facts !== null && facts.paused !== null} />`}
    </div>`}
  <//>`;
}

function PauseButton({ model, isPaused }: { model: QueueModel; isPaused: boolean }) {
  return isPaused
    ? html`<${Button} kind="primary" icon="play" busyText=${text.resuming} onClick=${() => model.setPaused(false)}>${text.resume}<//>`
    : html`<${Button} icon="pause" busyText=${text.pausing} onClick=${() => model.setPaused(true)}>${text.pause}<//>`;
}

function Nothing() {
  const actions = html`<div class="row wrap center">
    <${Button} kind="primary" icon="train" href="/training/new">${text.train}<//>
    <${Button} icon="spark" href="/generate">${text.generate}<//>
  </div>`;
  return html`<${EmptyState} icon="queue" title=${text.emptyTitle} action=${actions}>${text.empty}<//>`;
}

interface ListsProps {
  model: QueueModel;
  running: readonly Job[];
  waiting: readonly Job[];
  ended: readonly Job[];
  isPaused: boolean;
}

function Lists({ model, running, waiting, ended, isPaused }: ListsProps) {
  return html`
    <${Card} title=${text.running} count=${running.length}>
      ${running.length === 0
        ? html`<p class="hint">${isPaused ? text.noneStarts : text.noRunning}</p>`
        : html`<ul class="lines">${running.map((job) => html`<li key=${job.id}><${JobRow} job=${job} /></li>`)}</ul>`}
    <//>
    <${Card}
      title=${text.waiting}
      count=${waiting.length}
      end=${waiting.length > 1 && html`<${Button} kind="quiet" icon="stop" onClick=${() => model.cancelAll(waiting)}>${text.cancelAll(waiting.length)}<//>`}
    >
      ${waiting.length > 1 && html`<p class="hint">${text.order}</p>`}
      ${waiting.length === 0 ? html`<p class="hint">${text.noWaiting}</p>` : html`<${WaitingList} model=${model} jobs=${waiting} />`}
    <//>
    <${Card} title=${text.done}><${EndedList} model=${model} jobs=${ended} /><//>
  `;
}

function Card({ title, count = 0, end, children }: { title: string; count?: number; end?: ComponentChildren; children?: ComponentChildren }) {
  const id = useId();
  return html`<section class="card" aria-labelledby=${id}>
    <header><h2 id=${id}>${title}</h2><span class="row grow">${count > 0 && html`<${Badge}><span class="num">${count}</span><//>`}</span>${end}</header>
    ${children}
  </section>`;
}
