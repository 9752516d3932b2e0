import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import type { Output } from "../../server/contract/output.ts";
import { Button } from "../components/kit/Button.ts";
import { EmptyState } from "../components/kit/EmptyState.ts";
import { GenerateForm } from "../components/pictures/GenerateForm.ts";
import { ErrorNotice, Notice } from "../components/kit/Notice.ts";
import { OutputGrid } from "../components/pictures/OutputGrid.ts";
import { OutputViewer } from "../components/pictures/OutputViewer.ts";
import { Page } from "../components/frame/Page.ts";
import { QueueStrip } from "../components/pictures/QueueStrip.ts";
import { Skeleton } from "../components/kit/Skeleton.ts";
import { useApp } from "../models/app/AppModel.ts";
import { createGenerateModel, type GenerateModel } from "../models/pictures/GenerateModel.ts";
import { createOutputsModel } from "../models/pictures/OutputsModel.ts";
import { useOpenItem } from "../models/hooks/useOpenItem.ts";
import { useOwned } from "../models/hooks/useOwned.ts";
import { generateText as text } from "../text/generate.ts";

const newestCount = 24;

/** Make a picture of this person, now. */
export function GeneratePage() {
  const app = useApp();
  const model = useOwned(() => createGenerateModel(app, sessionStorage, localStorage), "generate");
  useAddress(model);
  const { image, mode } = app.info.value;
  return html`<${Page} title=${text.title}>
    <div class="generate">
      ${image && html`<${GenerateForm} model=${model} capabilities=${image} />`}
      ${!image &&
      html`<${Notice} tone="warn" actions=${html`<${Button} href=${mode === null ? "/" : "/settings"}>${mode === null ? "Choose" : text.openSettings}<//>`}>
        ${mode === null ? text.needMode : text.needEngine}
      <//>`}
      <div class="stack wide">
        <${QueueStrip} model=${model} />
        <${Newest} model=${model} />
      </div>
    </div>
  <//>`;
}

/** `?lora=`, `?character=` (its newest LoRA) and `?from=` (a picture) fill the form, then leave the address. */
function useAddress(model: GenerateModel): void {
  const app = useApp();
  const { query } = app.router.route.value;
  const address = query.toString();
  useEffect(() => {
    const from = query.get("from");
    const lora = query.get("lora") ?? app.library.usable.value.find((lora) => lora.characterId === query.get("character"))?.id ?? null;
    if (from !== null) void model.useOutput(from);
    else if (lora !== null) model.chooseLora(lora);
    if (address !== "") app.router.setQuery({ from: null, lora: null, character: null });
  }, [address]);
}

function Newest({ model }: { model: GenerateModel }) {
  const app = useApp();
  const pictures = useOwned(() => createOutputsModel(app, newestCount), "newest");
  useEffect(() => void pictures.load(), []);
  const open = useOpenItem();
  const outputs = pictures.outputs.value?.slice(0, newestCount) ?? null;
  const error = pictures.error.value;
  const use = (output: Output) => {
    model.useSettings(output.settings);
    open.close();
    scrollTo({ top: 0, behavior: "smooth" });
    app.toasts.show("The settings of the picture are in the form.");
  };
  const at = outputs?.findIndex((output) => output.id === open.id) ?? -1;
  return html`<section class="stack" aria-labelledby="results-title">
    <div class="row apart">
      <h2 id="results-title">${text.results}</h2>
      ${outputs && outputs.length > 0 && html`<a class="small" href="/gallery">${text.allPictures}</a>`}
    </div>
    ${error && html`<${ErrorNotice} error=${error} actions=${html`<${Button} icon="refresh" onClick=${() => pictures.load()}>Try again<//>`} />`}
    ${!outputs && !error && html`<${Skeleton} layout="photos" height="160px" count=${8} />`}
    ${outputs?.length === 0 && html`<${EmptyState} icon="picture" title=${text.noResultsTitle}>${text.noResults}<//>`}
    ${outputs && outputs.length > 0 && html`<${OutputGrid} outputs=${outputs} onOpen=${(index: number) => open.open(outputs[index]!.id)} onRemove=${pictures.remove} />`}
    ${outputs && at >= 0 &&
    html`<${OutputViewer}
      outputs=${outputs}
      at=${at}
      onMove=${(next: number) => open.move(outputs[next]!.id)}
      onClose=${open.close}
      onRemove=${pictures.remove}
      onUse=${use}
    />`}
  </section>`;
}
