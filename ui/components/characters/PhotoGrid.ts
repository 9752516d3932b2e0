import { html } from "htm/preact";
import { useRef, useState } from "preact/hooks";
import type { Photo } from "../../../server/contract/character.ts";
import { formatBytes } from "../../format.ts";
import { useGridKeys } from "../../models/hooks/useGridKeys.ts";
import { useOpenItem } from "../../models/hooks/useOpenItem.ts";
import { charactersText as text } from "../../text/characters.ts";
import { Badge } from "../kit/Badge.ts";
import { Button } from "../kit/Button.ts";
import { PictureViewer } from "../kit/PictureViewer.ts";
import { Thumb } from "../kit/Thumb.ts";

/** More tiles than this in the page at once make it slow; the rest comes on demand. */
const pageSize = 200;

export function PhotoGrid({ photos, onRemove }: { photos: readonly Photo[]; onRemove: (photo: Photo) => void }) {
  const [shown, setShown] = useState(pageSize);
  const box = useRef<HTMLUListElement>(null);
  const open = useOpenItem();
  const at = photos.findIndex(({ id }) => id === open.id);
  const photo = photos[at];
  const remove = (gone: Photo) => {
    const next = photos[at + 1] ?? photos[at - 1];
    if (photo && next) open.move(next.id);
    else if (photo) open.close();
    onRemove(gone);
  };
  const keys = useGridKeys(box, Math.min(shown, photos.length), (index) => remove(photos[index]!));
  return html`
    <ul class="photos" ref=${box} aria-label="Photos" onKeyDown=${keys.onKeyDown} onFocusIn=${keys.onFocusIn}>
      ${photos.slice(0, shown).map(
        (item, index) => html`<li class="photo" key=${item.id}>
          <button type="button" data-at=${index} tabindex=${index === keys.current ? 0 : -1} onClick=${() => open.open(item.id)}><${Thumb} src=${item.thumbnailUrl} alt=${`Photo ${index + 1}: ${item.originalName}`} />${item.missing && html`<${Badge} tone="bad">${text.photoMissing}<//>`}</button>
          <span class="corner"><${Button} icon="trash" label=${`Delete photo ${index + 1}`} tabIndex=${index === keys.current ? 0 : -1} onClick=${() => remove(item)} /></span>
        </li>`,
      )}
    </ul>
    ${photos.length > shown && html`<${Button} onClick=${() => setShown(shown + pageSize)}>Show more (${photos.length - shown} left)<//>`}
    ${photo &&
    html`<${PictureViewer}
      title=${photo.originalName}
      items=${photos.map((item) => ({ id: item.id, src: item.missing ? item.thumbnailUrl : item.url, alt: item.caption || item.originalName }))}
      at=${at}
      onMove=${(next: number) => open.move(photos[next]!.id)}
      onClose=${open.close}
      keys=${{ Delete: () => remove(photo) }}
      actions=${html`
        <span class="num small">${photo.width} × ${photo.height}, ${formatBytes(photo.sizeBytes)}</span>
        ${photo.missing && html`<span class="small">${text.photoMissingHelp}</span>`}
        ${(photo.changes ?? []).map(({ code, text }) => html`<span class="small" key=${code}>${text}</span>`)}
        ${!photo.missing && html`<${Button} icon="download" href=${photo.url} download=${photo.originalName}>Download<//>`}
        <${Button} icon="trash" onClick=${() => remove(photo)}>Delete<//>
      `}
    />`}
  `;
}
