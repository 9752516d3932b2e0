import type { BunFile } from "bun";
import { join } from "node:path";
import type { Photo, UploadOutcome } from "../contract/character.ts";
import { notFound } from "../errors.ts";
import { FileSource } from "../files/byte-source.ts";
import { removeFile } from "../files/durable.ts";
import { insideOf, safeOpen } from "../files/safe-open.ts";
import { newId } from "../ids.ts";
import { Characters } from "./characters.ts";
import type { LibraryDeps } from "./deps.ts";
import { assertCaption, cleanPhoto, photoLimits, provePhoto, tooManyPhotos, type CleanedPhoto, type Rejection } from "./photo-intake.ts";
import { displayName, plainText } from "./plain-text.ts";
import { Slots } from "./slots.ts";
import { planStripping } from "./strip-metadata.ts";
import { makeThumbnail, type PictureSize } from "./thumbnails.ts";

const selectPhoto = `
  select id, character_id as characterId, original_name as originalName, media_type as mediaType, width, height,
    size_bytes as sizeBytes, caption, created_at as createdAt from photo`;

type PhotoRow = Omit<Photo, "url" | "thumbnailUrl">;

/** Photos of characters: rows here, files under ids of ours, thumbnails that can always be made again. */
export class Photos {
  private readonly characters: Characters;
  private readonly adding = new Slots(2);

  constructor(private readonly deps: LibraryDeps) {
    this.characters = new Characters(deps);
  }

  /** In the order in which they came. */
  list(characterId: string): Photo[] {
    return this.deps.db.query<PhotoRow, [string]>(`${selectPhoto} where character_id = ? order by id`).all(characterId).map(withAddresses);
  }

  get(characterId: string, photoId: string): Photo | null {
    const row = this.deps.db.query<PhotoRow, [string, string]>(`${selectPhoto} where character_id = ? and id = ?`).get(characterId, photoId);
    return row ? withAddresses(row) : null;
  }

  /** What a training takes with it: where each file is and its content by hash, in the order in which they came. */
  originals(characterId: string): Array<{ id: string; path: string; sha256: string; mediaType: string; caption: string }> {
    const hashes = this.deps.db.query<{ id: string; sha256: string }, [string]>("select id, sha256 from photo where character_id = ?");
    const hashOf = new Map(hashes.all(characterId).map(({ id, sha256 }) => [id, sha256]));
    return this.list(characterId).map((photo) => ({
      id: photo.id, path: join(this.deps.paths.photos, fileOf(photo)), sha256: hashOf.get(photo.id)!,
      mediaType: photo.mediaType, caption: photo.caption,
    }));
  }

  /** Takes a copy of `source` without its metadata; the caller removes the source. Throws only for an unknown character. */
  async add(characterId: string, fileName: string, source: string): Promise<UploadOutcome> {
    const name = displayName(fileName);
    if (this.characters.get(characterId) === null) throw notFound("character", characterId);
    if (this.count(characterId) >= photoLimits.perCharacter) return rejected(name, tooManyPhotos());
    return this.adding.run(1, () => this.take(characterId, name, source));
  }

  async remove(characterId: string, photoId: string): Promise<void> {
    const photo = this.get(characterId, photoId);
    if (photo === null) throw notFound("photo", photoId);
    this.deps.db.query("delete from photo where id = ?").run(photoId);
    await removeFile(join(this.deps.paths.photos, fileOf(photo)));
    await removeFile(join(this.deps.paths.thumbnails, `${photoId}.webp`));
    this.changed(characterId);
  }

  setCaption(characterId: string, photoId: string, caption: string): Photo {
    if (this.get(characterId, photoId) === null) throw notFound("photo", photoId);
    const text = plainText(caption, { lines: true });
    assertCaption(text);
    this.deps.db.query("update photo set caption = ? where id = ?").run(text, photoId);
    this.deps.bus.publish({ type: "photos.changed", characterId });
    return this.get(characterId, photoId)!;
  }

  file(photo: Photo): BunFile | null {
    return safeOpen(this.deps.paths.photos, fileOf(photo));
  }

  /** Made anew where somebody emptied the folder. Null when the photo itself is gone or unreadable. */
  async thumbnail(photo: Photo): Promise<BunFile | null> {
    const name = `${photo.id}.webp`;
    const ready = safeOpen(this.deps.paths.thumbnails, name);
    if (ready) return ready;
    const path = insideOf(this.deps.paths.photos, fileOf(photo));
    if (path === null) return null;
    const format = formatOf(photo);
    const source = await FileSource.open(path);
    const stripping = await planStripping(format, source).finally(() => source.close());
    if (stripping.kind === "fault") return null;
    await makeThumbnail(path, join(this.deps.paths.thumbnails, name), format, stripping.plan.orientation);
    return safeOpen(this.deps.paths.thumbnails, name);
  }

  private async take(characterId: string, fileName: string, source: string): Promise<UploadOutcome> {
    const id = newId("pho");
    const cleaned = await cleanPhoto(source, (extension) => join(this.deps.paths.photos, characterId, `${id}.${extension}`));
    if (cleaned.kind === "rejected") return rejected(fileName, cleaned);
    const thumbnail = join(this.deps.paths.thumbnails, `${id}.webp`);
    try {
      const known = this.withHash(characterId, cleaned.part.sha256);
      if (known) return { kind: "duplicate", fileName, photo: known };
      const size = await provePhoto(cleaned, thumbnail);
      if ("kind" in size) return rejected(fileName, size);
      const photo = await this.store({ id, characterId, fileName, cleaned, size });
      if (photo) return { kind: "added", fileName, photo };
      await removeFile(thumbnail);
      return { kind: "duplicate", fileName, photo: this.withHash(characterId, cleaned.part.sha256)! };
    } finally {
      await cleaned.part.discard();
    }
  }

  /** Null: the same picture came by another way in the meantime. The file is in place before its row. */
  private async store(found: { id: string; characterId: string; fileName: string; cleaned: CleanedPhoto; size: PictureSize }): Promise<Photo | null> {
    const { id, characterId, cleaned, size } = found;
    await cleaned.part.publish();
    const { changes } = this.deps.db
      .query(
        `insert or ignore into photo (id, character_id, sha256, original_name, media_type, width, height, size_bytes, created_at)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        id, characterId, cleaned.part.sha256, found.fileName, cleaned.mediaType, size.width, size.height, cleaned.part.sizeBytes,
        new Date().toISOString(),
      );
    if (changes === 0) {
      await removeFile(join(this.deps.paths.photos, characterId, `${id}.${cleaned.extension}`));
      return null;
    }
    this.changed(characterId);
    return this.get(characterId, id);
  }

  private changed(characterId: string): void {
    this.deps.bus.publish({ type: "photos.changed", characterId });
    this.characters.announce(characterId);
  }

  private count(characterId: string): number {
    return this.deps.db.query<{ n: number }, [string]>("select count(*) as n from photo where character_id = ?").get(characterId)!.n;
  }

  private withHash(characterId: string, sha256: string): Photo | null {
    const row = this.deps.db
      .query<PhotoRow, [string, string]>(`${selectPhoto} where character_id = ? and sha256 = ?`)
      .get(characterId, sha256);
    return row ? withAddresses(row) : null;
  }
}

function withAddresses(row: PhotoRow): Photo {
  const url = `/api/characters/${row.characterId}/images/${row.id}`;
  return { ...row, url, thumbnailUrl: `${url}/thumbnail` };
}

function formatOf(photo: Photo): "jpeg" | "png" | "webp" {
  return photo.mediaType === "image/png" ? "png" : photo.mediaType === "image/webp" ? "webp" : "jpeg";
}

function fileOf(photo: Photo): string {
  const format = formatOf(photo);
  return `${photo.characterId}/${photo.id}.${format === "jpeg" ? "jpg" : format}`;
}

function rejected(fileName: string, { code, reason }: Rejection): UploadOutcome {
  return { kind: "rejected", fileName, code, reason };
}
