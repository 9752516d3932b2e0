import { html } from "htm/preact";
import { useState } from "preact/hooks";
import type { Photo } from "../../server/contract/character.ts";
import { formatBytes } from "../format.ts";
import { Button } from "./Button.ts";
import { PictureViewer } from "./PictureViewer.ts";
import { Thumb } from "./Thumb.ts";

/** More tiles than this in the page at once make it slow; the rest comes on demand. */
const pageSize = 200;

export function PhotoGrid({ photos, onRemove }: { photos: readonly Photo[]; onRemove: (photo: Photo) => void }) {
  const [shown, setShown] = useState(pageSize);
  const [open, setOpen] = useState<number | null>(null);
  const photo = open === null ? undefined : photos[open];
  const remove = (gone: Photo) => {
    if (open !== null) setOpen(photos.length <= 1 ? null : Math.min(open, photos.length - 2));
    onRemove(gone);
  };
  return html`
    <ul class="photos" aria-label="Photos">
      ${photos.slice(0, shown).map(
        (item, index) => html`<li class="photo" key=${item.id}>
          <button type="button" onClick=${() => setOpen(index)}><${Thumb} src=${item.thumbnailUrl} alt=${`Photo ${index + 1}: ${item.originalName}`} /></button>
          <span class="corner"><${Button} icon="trash" label=${`Delete photo ${index + 1}`} onClick=${() => remove(item)} /></span>
        </li>`,
      )}
    </ul>
    ${photos.length > shown && html`<${Button} onClick=${() => setShown(shown + pageSize)}>Show more (${photos.length - shown} left)<//>`}
    ${photo &&
    html`<${PictureViewer}
      title=${photo.originalName}
      items=${photos.map((item) => ({ id: item.id, src: item.url, alt: item.caption || item.originalName }))}
      at=${open}
      onMove=${setOpen}
      onClose=${() => setOpen(null)}
      actions=${html`
        <span class="num small">${photo.width} × ${photo.height}, ${formatBytes(photo.sizeBytes)}</span>
        <${Button} icon="download" href=${photo.url} download=${photo.originalName}>Download<//>
        <${Button} icon="trash" onClick=${() => remove(photo)}>Delete<//>
      `}
    />`}
  `;
}
