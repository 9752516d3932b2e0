import { html } from "htm/preact";
import { useId, useState } from "preact/hooks";
import type { Job } from "../../../server/contract/job.ts";
import { asApiError, type ApiError } from "../../api.ts";
import { formatClock, formatDuration, plural } from "../../format.ts";
import { useApp, type AppModel } from "../../models/app/AppModel.ts";
import { countOf } from "../../models/jobs/JobsModel.ts";
import { queueText as text } from "../../text/queue.ts";
import { Button } from "../kit/Button.ts";
import { Icon } from "../kit/Icon.ts";
import { Notice } from "../kit/Notice.ts";
import { RefusedNotice } from "./Obstacles.ts";

/** The running training that these pictures wait for, if it is one that can be paused for them. */
function trainingBefore(app: Pick<AppModel, "jobs">, job: Job): Job | null {
  if (job.kind !== "generation" || job.state !== "queued" || job.waiting?.jobId === undefined) return null;
  const before = app.jobs.byId(job.waiting.jobId);
  return before?.kind === "training" && before.state === "running" ? before : null;
}

/** Pictures that wait for a training: wait, which needs nothing, or let the training pause for them. Folded where there are many. */
export function WaitChoice({ job, isFolded = false }: { job: Job; isFolded?: boolean }) {
  const app = useApp();
  const [isNow, setIsNow] = useState(false);
  const [asked, setAsked] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const name = useId();
  const before = trainingBefore(app, job);
  if (!before) return null;
  if (asked || before.waiting?.code === "pausing") return html`<${Notice}>${text.runNowAsked}<//>`;
  const run = async (anyway: boolean) => {
    try {
      app.jobs.put(await app.api.post<Job>(`/api/generation/${encodeURIComponent(job.id)}/run-now`, anyway ? { queueAnyway: true } : {}));
      setAsked(true);
      setError(null);
    } catch (thrown) {
      setError(asApiError(thrown));
    }
  };
  const option = (now: boolean, title: string, help: unknown) => html`<label class="choice">
    <span class="row"><strong>${title}</strong><input type="radio" name=${name} checked=${isNow === now} onChange=${() => setIsNow(now)} /></span>
    <span class="hint">${help}</span>
  </label>`;
  const choice = html`<div class="stack">
    <fieldset class="choices wait-choice">
      <legend class="hide">${text.choice}</legend>
      ${option(false, text.wait, html`<${WaitHelp} before=${before} />`)}
      ${option(true, text.runNow, text.runNowHelp(plural(countOf(job), "picture")))}
    </fieldset>
    ${isNow && html`<div><${Button} kind="primary" icon="pause" busyText=${text.runNowBusy} onClick=${() => run(false)}>${text.runNowGo}<//></div>`}
    ${error && html`<${RefusedNotice} error=${error} onQueueAnyway=${() => run(true)} />`}
  </div>`;
  return isFolded ? html`<details class="fold"><summary><${Icon} name="right" size="s" />${text.choiceFold}</summary>${choice}</details>` : choice;
}

/** Follows the progress of the training, so it is drawn by itself. */
function WaitHelp({ before }: { before: Job }) {
  const app = useApp();
  const eta = app.jobs.progress(before.id).value?.etaSeconds ?? null;
  return html`${text.waitHelp(eta === null ? "" : text.waitEnd(formatDuration(eta), formatClock(app.now.value + eta * 1000)))}`;
}
