import { html } from "htm/preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Output } from "../../server/contract/output.ts";
import { asApiError } from "../api.ts";
import { Button } from "../components/kit/Button.ts";
import { EmptyState, FilteredEmpty } from "../components/kit/EmptyState.ts";
import { ErrorNotice } from "../components/kit/Notice.ts";
import { OutputGrid } from "../components/pictures/OutputGrid.ts";
import { OutputViewer } from "../components/pictures/OutputViewer.ts";
import { Page } from "../components/frame/Page.ts";
import { Skeleton } from "../components/kit/Skeleton.ts";
import { useApp } from "../models/app/AppModel.ts";
import { createOutputsModel, type OutputsModel } from "../models/pictures/OutputsModel.ts";
import { useOpenItem } from "../models/hooks/useOpenItem.ts";
import { useOwned } from "../models/hooks/useOwned.ts";
import { generateText as text } from "../text/generate.ts";

const pageSize = 60;
/** The next page is asked for this far before the end comes into view. */
const aheadPx = 800;

/** Where is that good one, and how did I make it? */
export function GalleryPage() {
  const app = useApp();
  const model = useOwned(() => createOutputsModel(app, pageSize), "gallery");
  const { query } = app.router.route.value;
  const characterId = query.get("character") ?? "";
  useEffect(() => void model.load(characterId), [characterId]);
  const outputs = model.outputs.value;
  const error = model.error.value;
  const make = html`<${Button} kind="primary" icon="spark" href="/generate">${text.make}<//>`;
  const filter = (id: string) => app.router.setQuery({ character: id === "" ? null : id, open: null });
  const isEmpty = outputs?.length === 0 && !error;
  const name = app.characters.byId(characterId)?.name ?? "this character";
  return html`<${Page} title=${text.galleryTitle} actions=${!(isEmpty && characterId === "") && make}>
    ${!(isEmpty && characterId === "") && html`<${Filter} characterId=${characterId} onChange=${filter} />`}
    ${error && html`<${ErrorNotice} error=${error} actions=${html`<${Button} icon="refresh" onClick=${() => model.load()}>Try again<//>`} />`}
    ${!outputs && !error && html`<${Skeleton} layout="photos" height="160px" count=${12} />`}
    ${isEmpty && characterId === "" && html`<${EmptyState} icon="picture" title=${text.emptyTitle} action=${make}>${text.empty}<//>`}
    ${isEmpty && characterId !== "" && html`<${FilteredEmpty} filter=${name} onClear=${() => filter("")} />`}
    ${outputs && outputs.length > 0 && html`<${Pictures} model=${model} outputs=${outputs} />`}
  <//>`;
}

function Filter({ characterId, onChange }: { characterId: string; onChange: (id: string) => void }) {
  const id = useId();
  const characters = useApp().characters.all.value;
  if (characters.length === 0) return null;
  return html`<div class="row wrap">
    <label class="label" for=${id}>Show</label>
    <select id=${id} class="input auto" onChange=${(event: Event) => onChange((event.target as HTMLSelectElement).value)}>
      <option value="" selected=${characterId === ""}>${text.everybody}</option>
      ${characters.map(
        (character) => html`<option key=${character.id} value=${character.id} selected=${character.id === characterId}>${character.name}</option>`,
      )}
    </select>
  </div>`;
}

function Pictures({ model, outputs }: { model: OutputsModel; outputs: readonly Output[] }) {
  const app = useApp();
  const open = useOpenItem();
  const at = outputs.findIndex((output) => output.id === open.id);
  const sought = useSought(model, open.id, at >= 0, open.close);
  const end = useRef<HTMLDivElement>(null);
  const hasMore = model.hasMore.value;
  useEffect(() => {
    if (!end.current || !hasMore || typeof IntersectionObserver === "undefined") return;
    const watch = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && void model.more(), { rootMargin: `${aheadPx}px` });
    watch.observe(end.current);
    return () => watch.disconnect();
  }, [hasMore, outputs.length]);
  return html`
    <${OutputGrid} outputs=${outputs} onOpen=${(index: number) => open.open(outputs[index]!.id)} onRemove=${model.remove} />
    <div ref=${end} class="row center">
      ${hasMore
        ? html`<${Button} busyText="Loading…" busy=${model.loading.value} onClick=${model.more}>${text.more}<//>`
        : html`<p class="hint num">${text.end(outputs.length)}</p>`}
    </div>
    ${(at >= 0 || sought) &&
    html`<${OutputViewer}
      outputs=${at >= 0 ? outputs : [sought]}
      at=${Math.max(at, 0)}
      hasMore=${hasMore || at < 0}
      onMove=${(next: number) => open.move(outputs[next]!.id)}
      onClose=${open.close}
      onRemove=${model.remove}
      onUse=${(output: Output) => app.router.navigate(`/generate?from=${output.id}`)}
    />`}
  `;
}

/** A picture that the address names and the list does not hold yet: it is shown by itself until the list reaches it. */
function useSought(model: OutputsModel, id: string | null, isListed: boolean, onMissing: () => void): Output | null {
  const app = useApp();
  const [found, setFound] = useState<Output | null>(null);
  const isRemoved = found !== null && model.removed.value.has(found.id);
  useEffect(() => {
    if (id === null || isListed || isRemoved) return;
    const seek = async () => {
      const output = await app.api.get<Output>(`/api/outputs/${encodeURIComponent(id)}`);
      setFound(output);
      const filter = app.router.route.peek().query.get("character");
      // The address asks for a picture of somebody else than the list shows: the picture counts.
      if (filter !== null && filter !== output.characterId) app.router.setQuery({ character: null });
      await model.reach(output);
    };
    seek().catch((thrown: unknown) => {
      const error = asApiError(thrown);
      app.toasts.show(error.status === 404 || error.status === 422 ? text.missing : `${error.what} ${error.fix}`);
      onMissing();
    });
  }, [id, isListed]);
  return found?.id === id && !isRemoved ? found : null;
}
