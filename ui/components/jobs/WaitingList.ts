import { html } from "htm/preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Job } from "../../../server/contract/job.ts";
import { formatClock, formatDuration } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import type { QueueModel } from "../../models/jobs/QueueModel.ts";
import { queueText as text } from "../../text/queue.ts";
import { Button } from "../kit/Button.ts";
import { Icon } from "../kit/Icon.ts";
import { JobPrompt, jobAddress, WaitingReason } from "./JobRow.ts";
import { ErrorNotice } from "../kit/Notice.ts";
import { StopJob, useStop } from "./StopJob.ts";
import { useRowDrag } from "./useRowDrag.ts";
import { WaitChoice } from "./WaitChoice.ts";

/** Shown at first; a slip with a large batch must not fill the page with equal rows. */
const shownFirst = 10;
/** More rows than anybody reorders; the rest is counted. */
const maxRows = 100;
const soonMs = 30_000;

/** What waits, in its order, which can be changed by dragging, by buttons and by keys. */
export function WaitingList({ model, jobs }: { model: QueueModel; jobs: readonly Job[] }) {
  const order = model.waiting.value;
  const [all, setAll] = useState(false);
  const shown = all ? maxRows : shownFirst;
  const { list, drag, start } = useRowDrag((id, to) => void model.move(jobs.find((job) => job.id === id)!, placeIn(order, jobs, id, to)));
  const focus = useRef("");
  useLayoutEffect(() => {
    // A moved row loses the focus, since the browser takes it out and puts it in again.
    document.getElementById(focus.current)?.focus();
    focus.current = "";
  }, [order]);
  const step = (job: Job, by: 1 | -1) => {
    const to = jobs.indexOf(job) + by;
    if (jobs[to] === undefined) return;
    focus.current = document.activeElement?.id ?? "";
    void model.move(job, placeIn(order, jobs, job.id, to));
  };
  const onKeyDown = (event: KeyboardEvent, job: Job) => {
    if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    step(job, event.key === "ArrowUp" ? -1 : 1);
  };
  const rest = drag ? jobs.filter((job) => job.id !== drag.id) : [];
  const drop = (job: Job) => (drag === null ? undefined : rest[drag.to]?.id === job.id ? "before" : drag.to >= rest.length && rest.at(-1)?.id === job.id ? "after" : undefined);
  return html`
    <ol class="lines waiting" ref=${list}>
      ${jobs.slice(0, shown).map((job, index) => html`<li
        key=${job.id}
        data-id=${job.id}
        data-drop=${drop(job)}
        data-drag=${drag?.id === job.id ? "" : undefined}
        style=${drag?.id === job.id ? { translate: `0 ${drag.by}px` } : undefined}
        onKeyDown=${(event: KeyboardEvent) => onKeyDown(event, job)}
      >
        ${jobs.length > 1 && html`<span class="grip" aria-hidden="true" onPointerDown=${(event: PointerEvent) => start(event, job.id)}><${Icon} name="grip" /></span>`}
        <${Waiting} job=${job} model=${model} />
        <div class="row tools">
          ${jobs.length > 1 && html`
            <${Button} id=${`up-${job.id}`} kind="quiet" icon="up" label=${text.up(job.title)} unavailable=${index === 0 ? text.isFirst : null} onClick=${() => step(job, -1)} />
            <${Button} id=${`down-${job.id}`} kind="quiet" icon="down" label=${text.down(job.title)} unavailable=${index === jobs.length - 1 ? text.isLast : null} onClick=${() => step(job, 1)} />
          `}
          <${CancelJob} job=${job} />
        </div>
      </li>`)}
    </ol>
    ${jobs.length > shown &&
    html`<p class="row wrap hint">
      ${text.more(jobs.length - shown)}
      ${!all && html`<${Button} kind="link" onClick=${() => setAll(true)}>${jobs.length > maxRows ? text.showFirst(maxRows) : text.showAll(jobs.length)}<//>`}
    </p>`}
  `;
}

/** The place in the whole queue of a row put at `to` among the rows shown, which a filter may have made fewer. */
export function placeIn(order: readonly Job[], shown: readonly Job[], id: string, to: number): number {
  const rest = order.filter((job) => job.id !== id);
  const others = shown.filter((job) => job.id !== id);
  const next = others[to];
  return next ? rest.indexOf(next) : rest.indexOf(others.at(-1)!) + 1;
}

function CancelJob({ job }: { job: Job }) {
  const [error, stop] = useStop(job);
  return html`<${StopJob} job=${job} kind="quiet" onStop=${stop} />${error && html`<${ErrorNotice} error=${error} alert />`}`;
}

function Waiting({ job, model }: { job: Job; model: QueueModel }) {
  const error = model.errorOf(job.id);
  return html`<div class="grow stack tight">
    <a class="title-link" href=${jobAddress(job)}>${job.title}</a>
    <${JobPrompt} job=${job} />
    <${WaitingReason} job=${job} fallback=${text.waits} />
    <${Start} job=${job} model=${model} />
    <${WaitChoice} job=${job} isFolded />
    ${error && html`<${ErrorNotice} error=${error} alert />`}
  </div>`;
}

/** Counts down, so it is drawn by itself. */
function Start({ job, model }: { job: Job; model: QueueModel }) {
  const now = useApp().now.value;
  const start = model.startOf(job.id);
  if (model.resource.data.value?.paused) return null;
  const words = start === null ? text.startUnknown : start - now < soonMs ? text.startsSoon : text.startsAt(formatDuration((start - now) / 1000), formatClock(start));
  return html`<p class="hint num">${words}</p>`;
}
