import { html } from "htm/preact";
import { useId } from "preact/hooks";
import { FailureCounts } from "../components/FailureCounts.ts";
import { LogView } from "../components/LogView.ts";
import { Page } from "../components/Page.ts";
import { formatDateTime } from "../format.ts";
import { useApp } from "../models/AppModel.ts";
import { createLogModel } from "../models/LogModel.ts";
import { useOwned } from "../models/useOwned.ts";
import { logsText as text } from "../text/more.ts";

/** Jobs offered in the list; older ones are reached from their own page. */
const maxOffered = 50;

/** What went wrong, and what led to it? */
export function LogsPage() {
  const app = useApp();
  const id = useId();
  const jobId = app.router.route.value.query.get("job");
  const jobs = app.jobs.all.value;
  const isKnown = jobId === null || jobs.some((job) => job.id === jobId);
  const choose = (value: string) => app.router.setQuery({ job: value === "" ? null : value });
  return html`<${Page} title=${text.title}>
    <div class="row wrap">
      <label for=${id} class="label">${text.source}</label>
      <select id=${id} class="input auto" value=${jobId ?? ""} onChange=${(event: Event) => choose((event.target as HTMLSelectElement).value)}>
        <option value="">${text.service}</option>
        ${!isKnown && html`<option value=${jobId}>${jobId}</option>`}
        ${jobs.slice(0, maxOffered).map((job) => html`<option key=${job.id} value=${job.id}>${job.title}, ${formatDateTime(job.createdAt)}</option>`)}
      </select>
    </div>
    ${jobId === null && html`<${FailureCounts} />`}
    <${OneLog} key=${jobId ?? ""} jobId=${jobId} search=${app.router.route.value.query.get("search") ?? ""} />
  <//>`;
}

function OneLog({ jobId, search }: { jobId: string | null; search: string }) {
  const app = useApp();
  const { api, events, connection } = app;
  const source = jobId === null ? ({ kind: "service" } as const) : ({ kind: "job", jobId } as const);
  const model = useOwned(() => createLogModel({ api, events, connection, source, filter: { search } }), jobId ?? "");
  return html`<${LogView} model=${model} label=${text.title} empty=${text.empty} />`;
}
