import { html } from "htm/preact";
import { useApp } from "../../models/app/AppModel.ts";
import { frameText } from "../../text/frame.ts";
import { Button } from "../kit/Button.ts";
import { Sheet } from "../kit/Dialog.ts";
import { JobRow } from "../jobs/JobRow.ts";

/** Everything that runs or waits, reachable from every page. */
export function JobsSheet({ onClose }: { onClose: () => void }) {
  const jobs = useApp().jobs.active.value;
  return html`<${Sheet} title=${frameText.jobsTitle} onClose=${onClose}>
    ${jobs.length === 0 && html`<p class="dim">${frameText.noJobs}</p>`}
    <ul class="lines">
      ${jobs.map((job) => html`<li key=${job.id}><${JobRow} job=${job} /></li>`)}
    </ul>
    <div><${Button} icon="queue" href="/queue" onClick=${onClose}>${frameText.openQueue}<//></div>
  <//>`;
}
