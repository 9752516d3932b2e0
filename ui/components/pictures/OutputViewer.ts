import { html } from "htm/preact";
import type { Output } from "../../../server/contract/output.ts";
import { formatBytes, formatDateTime } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { generateText as text } from "../../text/generate.ts";
import { simulatedText } from "../../text/obstacles.ts";
import { Button } from "../kit/Button.ts";
import { CopyButton } from "../kit/CopyField.ts";
import { PictureViewer } from "../kit/PictureViewer.ts";

export interface OutputViewerProps {
  outputs: readonly Output[];
  at: number;
  onMove: (at: number) => void;
  onClose: () => void;
  onRemove: (output: Output) => void;
  onUse: (output: Output) => void;
  hasMore?: boolean;
}

/** One picture large with everything that is needed to make it again. */
export function OutputViewer({ outputs, at, onMove, onClose, onRemove, onUse, hasMore }: OutputViewerProps) {
  const output = outputs[at];
  if (!output) return null;
  const remove = () => {
    if (outputs.length === 1) onClose();
    else onMove(at === outputs.length - 1 ? at - 1 : at + 1);
    onRemove(output);
  };
  const actions = html`
    <${Button} icon="spark" onClick=${() => onUse(output)}>${text.useSettings}<//>
    <${Button} icon="download" href=${`${output.url}?download=1`} download>${text.download}<//>
    <${Button} icon="trash" onClick=${remove}>${text.remove}<//>
  `;
  return html`<${PictureViewer}
    title=${`Picture from ${formatDateTime(output.createdAt)}`}
    items=${outputs.map((item) => ({ id: item.id, src: item.url, alt: item.settings.prompt }))}
    at=${at}
    onMove=${onMove}
    onClose=${onClose}
    hasMore=${hasMore}
    keys=${{
      Delete: remove,
      r: () => onUse(output),
      s: () => document.querySelector<HTMLElement>(".viewer a[download]")?.click(),
      i: () => document.querySelector<HTMLElement>(".viewer-facts > summary")?.click(),
    }}
    actions=${actions}
  ><${OutputFacts} output=${output} /><//>`;
}

function OutputFacts({ output }: { output: Output }) {
  const models = useApp().info.value.image?.models ?? [];
  const { settings } = output;
  const facts: ReadonlyArray<readonly [string, unknown]> = [
    ...(output.simulated ? [["Simulated", simulatedText.picture] as const] : []),
    ["Prompt", html`${settings.prompt} <${CopyButton} text=${settings.prompt} what="prompt" />`],
    ["LoRA", settings.loras.map((lora) => `${lora.name} at ${lora.strength}`).join(", ") || "none"],
    ["Seed", html`<span class="num">${settings.seed}</span> <${CopyButton} text=${String(settings.seed)} what="seed" />`],
    ["Model", models.find((model) => model.id === settings.model)?.label ?? settings.model],
    ["Steps", `${settings.steps}${settings.guidance === null ? "" : `, guidance ${settings.guidance}`}`],
    ["Sampler", `${settings.sampler}, ${settings.scheduler}`],
    ["Size", `${settings.width} × ${settings.height}, ${formatBytes(output.sizeBytes)}`],
  ];
  return html`<details class="fold viewer-facts" open>
    <summary>${text.settings}</summary>
    <dl class="facts">${facts.map(([name, value]) => html`<dt key=${name}>${name}</dt><dd>${value}</dd>`)}</dl>
  </details>`;
}
