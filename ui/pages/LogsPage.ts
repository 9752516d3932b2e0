import { html } from "htm/preact";
import { useEffect, useId } from "preact/hooks";
import { FailureCounts } from "../components/jobs/FailureCounts.ts";
import { LogView } from "../components/jobs/LogView.ts";
import { Page } from "../components/frame/Page.ts";
import type { JobKind } from "../../server/contract/job.ts";
import type { LogLevel } from "../../server/contract/log.ts";
import { formatDateTime } from "../format.ts";
import { useApp } from "../models/app/AppModel.ts";
import { createLogModel, type LogFilter } from "../models/jobs/LogModel.ts";
import { useOwned } from "../models/hooks/useOwned.ts";
import { logsText as text } from "../text/more.ts";

/** Jobs offered in the list; older ones are reached from their own page. */
const maxOffered = 50;
const levels: readonly LogLevel[] = ["warn", "error"];

const groups: ReadonlyArray<readonly [JobKind, string]> = [["training", text.trainings], ["generation", text.pictures]];

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
        ${groups.map(([kind, word]) => {
          const offered = jobs.filter((job) => job.kind === kind).slice(0, maxOffered);
          return offered.length > 0 && html`<optgroup key=${kind} label=${word}>
            ${offered.map((job) => html`<option key=${job.id} value=${job.id}>${job.title}, ${formatDateTime(job.createdAt)}</option>`)}
          </optgroup>`;
        })}
      </select>
    </div>
    ${jobId === null && html`<${FailureCounts} />`}
    <${OneLog} key=${jobId ?? ""} jobId=${jobId} />
  <//>`;
}

/** The filter stands in the address, so that a reload and a copied link show the same lines. */
function OneLog({ jobId }: { jobId: string | null }) {
  const app = useApp();
  const { api, events, connection, router } = app;
  const { query } = router.route.peek();
  const level = levels.find((known) => known === query.get("level")) ?? null;
  const filter = { search: query.get("search") ?? "", level, hours: Number(query.get("hours")) || null };
  const source = jobId === null ? ({ kind: "service" } as const) : ({ kind: "job", jobId } as const);
  const model = useOwned(() => createLogModel({ api, events, connection, source, filter }), jobId ?? "");
  const asked = router.route.value.query.get("search") ?? "";
  useEffect(() => {
    if (asked !== model.filter.peek().search) model.setFilter({ search: asked, level: null, hours: null });
  }, [asked]);
  const keep = (next: LogFilter) => router.setQuery({ search: next.search || null, level: next.level, hours: next.hours === null ? null : String(next.hours) });
  return html`<p class="hint">${text.open}</p><${LogView} model=${model} label=${text.title} empty=${text.empty} onFilter=${keep} />`;
}
