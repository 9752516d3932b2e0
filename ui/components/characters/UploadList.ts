import { html } from "htm/preact";
import { formatBytes, plural } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import type { Upload, UploadState } from "../../models/characters/UploadModel.ts";
import { Badge, type Tone } from "../kit/Badge.ts";
import { Button } from "../kit/Button.ts";
import { Progress } from "../kit/Progress.ts";

const words: Record<UploadState, readonly [string, Tone]> = {
  waiting: ["Waiting", "off"],
  sending: ["Sending", "run"],
  retrying: ["Trying again", "warn"],
  added: ["Added", "ok"],
  duplicate: ["Already there", "off"],
  rejected: ["Not used", "warn"],
  failed: ["Failed", "bad"],
};
const open = new Set<UploadState>(["waiting", "sending", "retrying"]);
/** Rows shown one by one; good ones beyond it are only counted. */
const maxRows = 50;

/** What happens to each file on its way in. Files that need the person stay on top. */
export function UploadList({ characterId }: { characterId: string }) {
  const { uploads } = useApp();
  const list = uploads.of(characterId);
  if (list.length === 0) return null;
  const running = list.filter((upload) => open.has(upload.state));
  const sent = list.reduce((sum, upload) => sum + upload.sentBytes, 0);
  const total = list.reduce((sum, upload) => sum + upload.sizeBytes, 0);
  const rows = [
    ...list.filter(({ state }) => state === "failed" || state === "rejected"),
    ...running,
    ...list.filter(({ state }) => state === "duplicate"),
  ];
  return html`<section class="card" aria-label="Uploads">
    <header>
      <h2>${running.length > 0 ? `Adding ${plural(running.length, "photo")}` : summary(list)}</h2>
      ${running.length === 0 && html`<${Button} kind="quiet" onClick=${() => uploads.clearFinished(characterId)}>Clear<//>`}
    </header>
    ${running.length > 0 &&
    html`<${Progress}
      label="Upload"
      fraction=${total > 0 ? sent / total : null}
      text=${`${list.length - running.length} of ${list.length} done`}
      aside=${`${formatBytes(sent)} of ${formatBytes(total)}`}
    />`}
    ${rows.length > 0 && html`<ul class="lines">${rows.slice(0, maxRows).map((upload) => html`<li key=${upload.id}><${UploadRow} upload=${upload} /></li>`)}</ul>`}
    ${rows.length > maxRows && html`<p class="hint">${plural(rows.length - maxRows, "more file")} not listed.</p>`}
  </section>`;
}

function UploadRow({ upload }: { upload: Upload }) {
  const { uploads } = useApp();
  const [word, tone] = words[upload.state];
  const percent = upload.state === "sending" && upload.sizeBytes > 0 ? ` ${Math.floor((upload.sentBytes / upload.sizeBytes) * 100)} %` : "";
  return html`<div class="row grow wrap">
    <div class="grow">
      <p class="cut small">${upload.name}</p>
      ${upload.note && html`<p class="hint">${upload.note}</p>`}
    </div>
    <${Badge} tone=${tone}><span class="num">${word}${percent}</span><//>
    ${upload.state === "failed" && html`<${Button} icon="refresh" onClick=${() => uploads.retry(upload.id)}>Try again<//>`}
    ${open.has(upload.state) && html`<${Button} kind="quiet" icon="close" label=${`Cancel ${upload.name}`} onClick=${() => uploads.cancel(upload.id)} />`}
  </div>`;
}

function summary(list: readonly Upload[]): string {
  const count = (state: UploadState) => list.filter((upload) => upload.state === state).length;
  const parts = [
    [count("added"), "added"],
    [count("duplicate"), "already there"],
    [count("rejected"), "not used"],
    [count("failed"), "failed"],
  ] as const;
  const text = parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`).join(", ");
  return text === "" ? "Uploads" : `Photos: ${text}`;
}
