import { html } from "htm/preact";
import { useId } from "preact/hooks";
import type { Photo } from "../../../server/contract/character.ts";
import type { CaptionState, PhotosModel } from "../../models/characters/PhotosModel.ts";
import { charactersText as text } from "../../text/characters.ts";
import { EmptyState } from "../kit/EmptyState.ts";
import { Loaded } from "../kit/Loaded.ts";
import { ErrorNotice } from "../kit/Notice.ts";
import { Skeleton } from "../kit/Skeleton.ts";
import { Thumb } from "../kit/Thumb.ts";

const maxCaption = 2000;

/** A text per photo. It saves itself in a pause and when the field is left; Ctrl+Enter saves and goes to the next one. */
export function CaptionList({ model }: { model: PhotosModel }) {
  const photos = model.photos.value;
  return html`<${Loaded} resource=${model.resource} skeleton=${html`<${Skeleton} height="132px" count=${4} />`}>
    ${() =>
      photos.length === 0
        ? html`<${EmptyState} icon="edit" title=${text.noCaptionsTitle}>${text.noCaptions}<//>`
        : html`<p class="dim measure">${text.captionsHelp} <span class="hint wide">Ctrl+Enter goes to the next photo.</span></p>
            <ul class="captions">${photos.map((photo, index) => html`<${CaptionRow} key=${photo.id} photo=${photo} index=${index} model=${model} />`)}</ul>`}
  <//>`;
}

function CaptionRow({ photo, index, model }: { photo: Photo; index: number; model: PhotosModel }) {
  const id = useId();
  const state = model.captionStates.value.get(photo.id);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    const row = (event.target as HTMLElement).closest("li");
    const next = row?.nextElementSibling?.querySelector("textarea");
    if (next) next.focus();
    else void model.saveCaption(photo);
  };
  return html`<li>
    <${Thumb} src=${photo.thumbnailUrl} alt="" />
    <div class="field">
      <label for=${id} class="cut">Photo ${index + 1}<span class="hint"> ${photo.originalName}</span></label>
      <textarea
        id=${id}
        class="input"
        rows="3"
        maxLength=${maxCaption}
        placeholder="No caption"
        value=${model.drafts.value.get(photo.id) ?? photo.caption}
        onInput=${(event: Event) => model.type(photo.id, (event.target as HTMLTextAreaElement).value)}
        onBlur=${() => model.saveCaption(photo)}
        onKeyDown=${onKeyDown}
      ></textarea>
      <p class="hint" role="status">${wordOf(state)}</p>
      ${state?.kind === "failed" && html`<${ErrorNotice} error=${state.error} />`}
    </div>
  </li>`;
}

function wordOf(state: CaptionState | undefined): string {
  if (!state) return "";
  return { draft: "Not saved yet", saving: "Saving…", saved: "Saved", failed: "Not saved. What you typed is kept." }[state.kind];
}
