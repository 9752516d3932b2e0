import { html } from "htm/preact";
import type { Stage } from "../../../server/contract/job.ts";
import { formatPercent } from "../../format.ts";
import { Icon } from "../kit/Icon.ts";

const words: Record<Stage["state"], string> = { waiting: "to come", active: "now", done: "done", skipped: "not needed" };

/** The stages of a job in their order, the current one spelled out. */
export function StageList({ stages }: { stages: readonly Stage[] }) {
  return html`<ol class="stages">
    ${stages.map((stage) => {
      const detail = stage.detail || (stage.state === "active" && stage.fraction !== null ? formatPercent(stage.fraction) : "");
      return html`<li key=${stage.id} data-s=${stage.state} aria-current=${stage.state === "active" ? "step" : undefined}>
        <span class="mark">${stage.state === "done" && html`<${Icon} name="check" />`}</span>
        <span>
          ${stage.label}<span class="hide">, ${words[stage.state]}</span>
          ${stage.state === "skipped" && html`<span class="detail"> · not needed</span>`}
          ${detail && html`<span class="detail num"> · ${detail}</span>`}
        </span>
      </li>`;
    })}
  </ol>`;
}
