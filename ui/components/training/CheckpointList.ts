import { html } from "htm/preact";
import type { Artifact } from "../../../server/contract/job.ts";
import { formatBytes, formatDateTime } from "../../format.ts";
import { trainingText as text } from "../../text/training.ts";
import { Badge } from "../kit/Badge.ts";
import { Button } from "../kit/Button.ts";

/** Shown at once; the rest comes on demand. */
const shownFirst = 6;

/** The states of the LoRA that were saved on the way, newest first, each to be downloaded. */
export function CheckpointList({ checkpoints }: { checkpoints: readonly Artifact[] }) {
  if (checkpoints.length === 0) return html`<p class="hint">${text.checkpointsEmpty}</p>`;
  const rows = (list: readonly Artifact[]) => list.map((artifact) => html`<${CheckpointRow} key=${artifact.id} artifact=${artifact} />`);
  return html`
    <ul class="lines">${rows(checkpoints.slice(0, shownFirst))}</ul>
    ${checkpoints.length > shownFirst &&
    html`<details class="fold">
      <summary>${checkpoints.length - shownFirst} older</summary>
      <ul class="lines">${rows(checkpoints.slice(shownFirst))}</ul>
    </details>`}
  `;
}

function CheckpointRow({ artifact }: { artifact: Artifact }) {
  const title = artifact.kind === "lora" ? "Finished LoRA" : artifact.step === null ? artifact.name : `Step ${artifact.step.toLocaleString("en")}`;
  return html`<li>
    <span class="grow">
      <strong class="num">${title}</strong>${artifact.kind === "lora" && html` <${Badge} tone="ok">Result<//>`}<br />
      <span class="hint num">${formatBytes(artifact.sizeBytes)} · ${formatDateTime(artifact.createdAt)}</span>
    </span>
    <${Button} kind="quiet" icon="download" label=${`Download ${title}`} href=${artifact.url} download=${artifact.name} />
  </li>`;
}
