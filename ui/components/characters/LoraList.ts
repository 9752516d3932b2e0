import { html } from "htm/preact";
import type { Character } from "../../../server/contract/character.ts";
import type { Lora } from "../../../server/contract/lora.ts";
import { formatBytes, formatDateTime, plural } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { charactersText as text } from "../../text/characters.ts";
import { Badge, SimulatedBadge } from "../kit/Badge.ts";
import { Button } from "../kit/Button.ts";
import { EmptyState } from "../kit/EmptyState.ts";

/** Every version that was trained, newest first. */
export function LoraList({ character }: { character: Character }) {
  const loras = useApp().library.lorasOf(character.id);
  if (loras.length === 0) {
    const action = html`<${Button} kind="primary" href=${`/training/new?character=${character.id}`}>${text.train}<//>`;
    return html`<${EmptyState} icon="star" title=${text.noLorasTitle} action=${action}>${text.noLoras}<//>`;
  }
  return html`<ul class="stack">${loras.map((lora, index) => html`<${LoraRow} key=${lora.id} lora=${lora} isLatest=${index === 0} />`)}</ul>`;
}

function LoraRow({ lora, isLatest }: { lora: Lora; isLatest: boolean }) {
  const { library, simulated } = useApp();
  const photos = lora.photoCount === null ? "" : plural(lora.photoCount, "photo");
  const facts = [photos, `${lora.steps.toLocaleString("en")} steps`, lora.rank === null ? "" : `rank ${lora.rank}`, formatBytes(lora.sizeBytes), lora.baseModel];
  return html`<li class="card">
    <div class="row wrap apart">
      <div class="stack tight">
        <h2 class="row wrap">${lora.name}${isLatest && html`<${Badge} tone="run">Newest<//>`}<${SimulatedBadge} of=${lora} />${lora.missing && html`<${Badge} tone="warn">${text.loraMissing}<//>`}</h2>
        ${lora.missing && html`<p class="hint">${text.loraMissingHelp}</p>`}
        <p class="hint num">${facts.filter((fact) => fact !== "").join(" · ")}</p>
        <p class="hint">Trained ${formatDateTime(lora.createdAt)}${lora.jobId && html` · <a href=${`/training/${lora.jobId}`}>Training</a>`}</p>
      </div>
      <div class="row wrap">
        ${!lora.missing && (simulated.value || !lora.simulated) &&
        html`<${Button} icon="spark" href=${`/generate?character=${lora.characterId}&lora=${lora.id}`}>Use<//>`}
        ${!lora.missing && html`<${Button} icon="download" href=${lora.downloadUrl} download>Download<//>`}
        <${Button} kind="quiet" icon="trash" label=${`Delete ${lora.name}`} onClick=${() => library.removeLora(lora)} />
      </div>
    </div>
  </li>`;
}
