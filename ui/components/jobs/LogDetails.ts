import { html } from "htm/preact";
import type { LogEntry } from "../../../server/contract/log.ts";
import { formatDateTime } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { logsText as text } from "../../text/more.ts";
import { Button } from "../kit/Button.ts";
import { CopyButton } from "../kit/CopyField.ts";
import { jobAddress } from "./JobRow.ts";

/** Shown above the rest, in words. */
const known = new Set(["jobId", "runId", "correlationId", "error"]);

/** One line of a log, whole: which job it is about, its reference, and everything that was written down with it. */
export function LogDetails({ entry, onClose }: { entry: LogEntry; onClose: () => void }) {
  const { jobs, router } = useApp();
  const jobId = jobOf(entry);
  const job = jobId === null ? undefined : jobs.byId(jobId);
  const reference = textOf(entry.fields["correlationId"]);
  const rest = Object.entries(entry.fields).filter(([name]) => !known.has(name));
  const search = () => router.navigate(`/logs?search=${encodeURIComponent(reference)}`);
  return html`<section class="card log-details" aria-label=${text.details}>
    <header><h2>${entry.message || entry.event}</h2><${Button} kind="quiet" icon="close" label=${text.closeDetails} onClick=${onClose} /></header>
    <dl class="facts">
      <dt>${text.when}</dt><dd class="num">${formatDateTime(entry.time)} · ${entry.level} · <code>${entry.event}</code></dd>
      ${job && html`<dt>${text.job}</dt><dd><a href=${jobAddress(job)}>${job.title}</a> · <a href=${`/logs?job=${job.id}`}>${text.jobLog}</a></dd>`}
      ${!job && jobId !== null && html`<dt>${text.job}</dt><dd><code>${jobId}</code></dd>`}
      ${reference && html`<dt>${text.reference}</dt><dd class="row wrap"><code>${reference}</code><${CopyButton} text=${reference} what="reference" /><${Button} kind="link" onClick=${search}>${text.sameReference}<//></dd>`}
      ${rest.map(([name, value]) => html`<dt key=${name}>${name}</dt><dd>${textOf(value)}</dd>`)}
    </dl>
    ${entry.fields["error"] !== undefined && html`<pre tabindex="0">${errorText(entry.fields["error"])}</pre>`}
  </section>`;
}

/** A child's run is named after its job: `job-….1.train`. */
function jobOf({ fields }: LogEntry): string | null {
  const id = textOf(fields["jobId"]) || (textOf(fields["runId"]).split(".")[0] ?? "");
  return id.startsWith("job-") ? id : null;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);
}

function errorText(error: unknown): string {
  const { stack, message } = (typeof error === "object" && error !== null ? error : {}) as { stack?: unknown; message?: unknown };
  return [stack, message].find((part) => typeof part === "string") as string | undefined ?? textOf(error);
}
