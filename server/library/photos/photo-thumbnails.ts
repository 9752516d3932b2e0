import { join } from "node:path";
import type { BunFile } from "bun";
import type { Photo } from "../../contract/character.ts";
import { FileSource } from "../../files/byte-source.ts";
import { assertOwnFolder } from "../../files/own-place.ts";
import type { Paths } from "../../files/paths.ts";
import { insideOf, safeOpen } from "../../files/safe-open.ts";
import { planStripping } from "../../pictures/strip-metadata.ts";
import { makeThumbnail } from "../../pictures/thumbnails.ts";
import { formatOf, photoFile } from "./photo-file.ts";

/** The small pictures of photos; they can always be made again from the photo itself. */
export class PhotoThumbnails {
  /** By photo: all who ask for the same one wait for one decoding. */
  private readonly drawing = new Map<string, Promise<BunFile | null>>();

  constructor(private readonly paths: Paths) {}

  async of(photo: Photo): Promise<BunFile | null> {
    const name = `${photo.id}.webp`;
    const ready = safeOpen(this.paths.thumbnails, name);
    if (ready) return ready;
    const running = this.drawing.get(photo.id) ?? this.draw(photo, name).finally(() => this.drawing.delete(photo.id));
    this.drawing.set(photo.id, running);
    return running;
  }

  private async draw(photo: Photo, name: string): Promise<BunFile | null> {
    const path = insideOf(this.paths.photos, photoFile(photo));
    if (path === null) return null;
    assertOwnFolder(this.paths, this.paths.thumbnails);
    const format = formatOf(photo);
    const source = await FileSource.open(path);
    const stripping = await planStripping(format, source).finally(() => source.close());
    if (stripping.kind === "fault") return null;
    await makeThumbnail({ path, format, ...stripping.plan }, join(this.paths.thumbnails, name));
    return safeOpen(this.paths.thumbnails, name);
  }
}
