import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import type { Failure } from "../../../server/contract/job.ts";
import { ApiError } from "../../api.ts";
import { CopyButton } from "./CopyField.ts";
import { Icon } from "./Icon.ts";

export interface NoticeProps {
  tone?: "info" | "ok" | "warn" | "bad";
  title?: string;
  /** Set when it follows something that the person just did: screen readers then say it at once. */
  alert?: boolean;
  actions?: ComponentChildren;
  children?: ComponentChildren;
}

export function Notice({ tone = "info", title, alert = false, actions, children }: NoticeProps) {
  return html`<section class="notice" data-s=${tone} role=${alert ? "alert" : undefined}>
    <${Icon} name=${tone === "ok" ? "check" : tone === "info" ? "info" : "alert"} />
    <div class="body">
      ${title && html`<p class="title">${title}</p>`}
      ${children}
      ${actions && html`<div class="actions">${actions}</div>`}
    </div>
  </section>`;
}

export interface ErrorNoticeProps {
  error: ApiError | Failure;
  /** The reference to copy; an ApiError brings its own. */
  reference?: string;
  alert?: boolean;
  actions?: ComponentChildren;
  /** What belongs between the cause and the way out. */
  children?: ComponentChildren;
}

/** What happened, why, what to do, and the reference that finds it in the logs. */
export function ErrorNotice({ error, reference, alert = false, actions, children }: ErrorNoticeProps) {
  const ref = reference ?? (error instanceof ApiError ? error.correlationId : "");
  const tail = error instanceof ApiError ? [] : error.tail;
  const failureClass = error instanceof ApiError ? "" : error.code;
  const fields = error instanceof ApiError ? error.fields : [];
  return html`<${Notice} tone="bad" title=${error.what} alert=${alert}>
    ${error.why && html`<p>${error.why}</p>`}
    ${fields.length > 0 && html`<ul>${fields.map((field) => html`<li key=${field.path}>${field.message}</li>`)}</ul>`}
    ${children}
    ${error.fix && html`<p><strong>What to do:</strong> ${error.fix}</p>`}
    ${actions && html`<div class="actions">${actions}</div>`}
    ${(failureClass || ref || tail.length > 0) &&
    html`<details class="fold">
      <summary><${Icon} name="right" size="s" />${tail.length > 0 ? "Details and last lines of the log" : "Details"}</summary>
      <div class="stack">
        ${failureClass && html`<span class="ref">Class <code>${failureClass}</code></span>`}
        ${ref &&
        html`<span class="row wrap ref">
          <span>Reference <code>${ref}</code></span>
          <${CopyButton} text=${referenceText(error, ref)} what="reference" />
        </span>`}
        ${tail.length > 0 && html`<pre tabindex="0">${tail.join("\n")}</pre>`}
      </div>
    </details>`}
  <//>`;
}

function referenceText(error: ApiError | Failure, reference: string): string {
  return `${error.what} (${error.code})\nReference: ${reference}\nTime: ${new Date().toISOString()}`;
}
