import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { plural } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import type { PhotosModel } from "../../models/characters/PhotosModel.ts";
import { maxFilesAtOnce } from "../../models/characters/UploadModel.ts";
import { DropZone } from "./DropZone.ts";
import { Loaded } from "../kit/Loaded.ts";
import { Notice } from "../kit/Notice.ts";
import { PhotoGrid } from "./PhotoGrid.ts";
import { Skeleton } from "../kit/Skeleton.ts";
import { UploadList } from "./UploadList.ts";

export function PhotosPanel({ characterId, model }: { characterId: string; model: PhotosModel }) {
  const app = useApp();
  const [leftOut, setLeftOut] = useState(0);
  const photos = model.photos.value;
  return html`
    <${DropZone} wholePage row=${photos.length > 0 || model.resource.data.value === null} onFiles=${(files: File[]) => setLeftOut(app.uploads.add(characterId, files))} />
    ${leftOut > 0 &&
    html`<${Notice} tone="warn" title=${`${plural(leftOut, "file was", "files were")} left out`} alert>
      <p>At most ${maxFilesAtOnce} files can be added at once. 10 to 20 good photos are enough for a training.</p>
    <//>`}
    <${UploadList} characterId=${characterId} />
    <${Loaded} resource=${model.resource} skeleton=${html`<${Skeleton} layout="photos" height="132px" count=${8} />`}>
      ${() => photos.length > 0 && html`<${PhotoGrid} photos=${photos} onRemove=${model.remove} />`}
    <//>
  `;
}
