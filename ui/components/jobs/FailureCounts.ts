import { html } from "htm/preact";
import { useEffect, useMemo } from "preact/hooks";
import type { FailureCounts as Counts } from "../../../server/contract/job.ts";
import { formatDateTime } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { createResource } from "../../models/app/Resource.ts";
import { causeText, failureText as text } from "../../text/failures.ts";
import { Icon } from "../kit/Icon.ts";
import { Loaded } from "../kit/Loaded.ts";

/** How often jobs fail, of what, and how much of it nobody understands. Folded, since it matters only when one looks. */
export function FailureCounts() {
  const { api, events } = useApp();
  const counts = useMemo(() => createResource(() => api.get<Counts>("/api/queue/failures")), [api]);
  useEffect(() => {
    void counts.load();
    return events.on("job.changed", ({ job }) => {
      if (job.state === "failed") void counts.load();
    });
  }, [counts]);
  return html`<${Loaded} resource=${counts} skeleton=${null}>${(data: Counts) => html`<${Table} counts=${data} />`}<//>`;
}

function Table({ counts }: { counts: Counts }) {
  const { days, total, unknown, classes, notUnderstood } = counts;
  if (total === 0) return html`<p class="hint">${text.none(days)}</p>`;
  return html`<details class="fold">
    <summary><${Icon} name="right" /><span>${text.title(days)}: <span class="num">${text.summary(total, unknown)}</span></span></summary>
    <div class="stack">
      <dl class="facts">
        ${classes.map(({ code, failed, retried }) => html`<dt key=${code}>${causeText(code)}</dt>
          <dd class="num">${failed + retried}${retried > 0 && html`<span class="hint"> (${text.retried(retried)})</span>`}</dd>`)}
      </dl>
      ${notUnderstood.length > 0 && html`<p class="small">${text.notUnderstood}</p>
        <ul class="lines">
          ${notUnderstood.map(({ jobId, title, at }) => html`<li key=${jobId}>
            <a href=${`/logs?job=${encodeURIComponent(jobId)}`}>${title}</a><span class="hint num">${formatDateTime(at)}</span>
          </li>`)}
        </ul>`}
    </div>
  </details>`;
}
