import type { BunFile } from "bun";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Photo, UploadOutcome } from "../../contract/character.ts";
import { notFound } from "../../base/errors.ts";
import { assertOwnFolder } from "../../files/own-place.ts";
import { safeOpen } from "../../files/safe-open.ts";
import { newId } from "../../base/ids.ts";
import { Characters } from "../characters.ts";
import type { LibraryDeps } from "../deps.ts";
import { Erasure } from "../upkeep/erasure.ts";
import { assertCaption, cleanPhoto, photoLimits, provePhoto, scratchSuffix, tooManyPhotos, withSizeWarning, type CleanedPhoto, type Rejection } from "./photo-intake.ts";
import { PhotoThumbnails } from "./photo-thumbnails.ts";
import { photoFile, photoFilesOf } from "./photo-file.ts";
import { displayName, plainText } from "../../base/plain-text.ts";
import { Slots } from "../../pictures/slots.ts";
import type { PictureSize } from "../../pictures/thumbnails.ts";

const selectPhoto = `
  select id, character_id as characterId, original_name as originalName, media_type as mediaType, width, height,
    size_bytes as sizeBytes, caption, changes, created_at as createdAt from photo`;
const alive = `deleted_at is null and exists (select 1 from character c where c.id = photo.character_id and c.deleted_at is null)`;

interface Asked {
  readonly characterId: string;
  readonly fileName: string;
  readonly source: string;
  readonly signal: AbortSignal | undefined;
}

interface Coming extends Asked {
  readonly id: string;
  readonly thumbnail: string;
}

interface Lost {
  readonly id: string;
  readonly caption: string;
}

type PhotoRow = Omit<Photo, "url" | "thumbnailUrl" | "changes" | "missing"> & { readonly changes: string };

/** Photos of characters: rows here, files under ids of ours, thumbnails that can always be made again. */
export class Photos {
  private readonly characters: Characters;
  private readonly adding = new Slots(2);
  private readonly thumbnails: PhotoThumbnails;
  private readonly erasure: Erasure;

  constructor(private readonly deps: LibraryDeps) {
    this.characters = new Characters(deps);
    this.erasure = new Erasure(deps);
    this.thumbnails = new PhotoThumbnails(deps.paths);
  }

  /** In the order in which they came. */
  list(characterId: string): Photo[] {
    const rows = this.deps.db.query<PhotoRow, [string]>(`${selectPhoto} where ${alive} and character_id = ? order by id`).all(characterId);
    const files = photoFilesOf(this.deps.paths.photos, characterId);
    return rows.map((row) => photoOf(row, files.has(photoFile(row))));
  }

  get(characterId: string, photoId: string): Photo | null {
    const row = this.deps.db.query<PhotoRow, [string, string]>(`${selectPhoto} where ${alive} and character_id = ? and id = ?`).get(characterId, photoId);
    return row ? this.photoOf(row) : null;
  }

  /** What a training takes with it: where each file is and its content by hash, in the order in which they came. */
  originals(characterId: string): Array<{ id: string; path: string; sha256: string; mediaType: string; caption: string; fileName: string }> {
    const hashes = this.deps.db.query<{ id: string; sha256: string }, [string]>("select id, sha256 from photo where character_id = ?");
    const hashOf = new Map(hashes.all(characterId).map(({ id, sha256 }) => [id, sha256]));
    return this.list(characterId).map((photo) => ({
      id: photo.id, path: join(this.deps.paths.photos, photoFile(photo)), sha256: hashOf.get(photo.id)!,
      mediaType: photo.mediaType, caption: photo.caption, fileName: photo.originalName,
    }));
  }

  /** Takes a copy of `source` without its metadata; the caller removes the source. Throws for an unknown character, and where `signal` says that the sender left while it waited or a large picture was decoded. */
  async add(characterId: string, fileName: string, source: string, signal?: AbortSignal): Promise<UploadOutcome> {
    const name = displayName(fileName);
    if (this.characters.get(characterId) === null) throw notFound("character", characterId);
    if (this.count(characterId) >= photoLimits.perCharacter) return rejected(name, tooManyPhotos());
    return this.adding.run(1, () => this.takeIn({ characterId, fileName: name, source, signal }), signal);
  }

  /** It can be brought back until the purge takes it. */
  remove(characterId: string, photoId: string): void {
    if (this.get(characterId, photoId) === null) throw notFound("photo", photoId);
    this.deps.db.query("update photo set deleted_at = ? where id = ?").run(new Date().toISOString(), photoId);
    this.changed(characterId);
  }

  restore(characterId: string, photoId: string): Photo {
    this.deps.db.query("update photo set deleted_at = null where id = ? and character_id in (select id from character where id = ? and deleted_at is null)").run(photoId, characterId);
    const photo = this.get(characterId, photoId);
    if (photo === null) throw notFound("photo", photoId);
    this.changed(characterId);
    return photo;
  }

  /** For the purge, in its transaction: the rows go, and the files are written down to go. Answers how many. */
  takeDeleted(before: string, limit: number): number {
    const due = "select id from photo where deleted_at is not null and deleted_at <= ? order by deleted_at limit ?";
    return this.take(due, [before, limit]);
  }

  /** All photos of a deleted person, and their folder. */
  takeOf(characterId: string, limit: number): number {
    this.erasure.note([join(this.deps.paths.photos, characterId)]);
    return this.take("select id from photo where character_id = ? limit ?", [characterId, limit]);
  }

  private take(ids: string, values: [string, number]): number {
    const gone = this.deps.db
      .query<Pick<Photo, "id" | "characterId" | "mediaType">, [string, number]>(
        `delete from photo where id in (${ids}) returning id, character_id as characterId, media_type as mediaType`,
      )
      .all(...values);
    const { photos, thumbnails } = this.deps.paths;
    this.erasure.note(gone.flatMap((photo) => [join(photos, photoFile(photo)), join(thumbnails, `${photo.id}.webp`)]));
    return gone.length;
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
    return safeOpen(this.deps.paths.photos, photoFile(photo));
  }

  /** Made anew where somebody emptied the folder. Null when the photo itself is gone or unreadable. */
  thumbnail(photo: Photo): Promise<BunFile | null> {
    return this.thumbnails.of(photo);
  }

  private async takeIn({ characterId, fileName, source, signal }: Asked): Promise<UploadOutcome> {
    const id = newId("pho");
    assertOwnFolder(this.deps.paths, join(this.deps.paths.photos, characterId));
    assertOwnFolder(this.deps.paths, this.deps.paths.thumbnails);
    const thumbnail = join(this.deps.paths.thumbnails, `${id}.webp`);
    const made = [thumbnail, `${thumbnail}.part`];
    try {
      return await this.makeFiles({ id, characterId, fileName, thumbnail, source, signal }, made);
    } finally {
      await this.erasure.letGo(made);
    }
  }

  /** `made`: gets the files as they are begun. */
  private async makeFiles({ id, characterId, fileName, thumbnail, source, signal }: Coming, made: string[]): Promise<UploadOutcome> {
    const cleaned = await cleanPhoto(source, (extension) => {
      const path = join(this.deps.paths.photos, characterId, `${id}.${extension}`);
      made.push(path, `${path}.part`, `${path}${scratchSuffix}`);
      this.erasure.expect(made);
      return path;
    }, signal);
    if (cleaned.kind === "rejected") return rejected(fileName, cleaned);
    try {
      const lost = this.lostWithHash(characterId, cleaned.part.sha256);
      const known = lost === null ? this.known(characterId, fileName, cleaned.part.sha256) : null;
      if (known !== null) return known;
      const size = await provePhoto(cleaned, thumbnail, signal);
      if ("kind" in size) return rejected(fileName, size);
      const photo = await this.store({ id, characterId, fileName, cleaned, size, made, lost });
      if (photo) return { kind: "added", fileName, photo };
      const other = this.withHash(characterId, cleaned.part.sha256);
      if (other === null) throw notFound("character", characterId);
      return { kind: "duplicate", fileName, photo: other };
    } finally {
      await cleaned.part.discard();
    }
  }

  /** Null: this picture is new to the person. One that was deleted and not yet taken by the purge is brought back, with its caption. */
  private known(characterId: string, fileName: string, sha256: string): UploadOutcome | null {
    const known = this.withHash(characterId, sha256);
    if (known) return { kind: "duplicate", fileName, photo: known };
    const deleted = this.deletedWithHash(characterId, sha256);
    return deleted === null ? null : { kind: "added", fileName, photo: this.restore(characterId, deleted) };
  }

  /** Null: the same picture came by another way in the meantime, or the person is gone. The file is in place before its row. */
  private async store(found: { id: string; characterId: string; fileName: string; cleaned: CleanedPhoto; size: PictureSize; made: string[]; lost: Lost | null }): Promise<Photo | null> {
    const { id, characterId, cleaned, size, made, lost } = found;
    await cleaned.part.publish();
    const insert = this.deps.db.query(
      `insert or ignore into photo (id, character_id, sha256, original_name, media_type, width, height, size_bytes, created_at, changes, caption)
       select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 where exists (select 1 from character where id = ?2 and deleted_at is null)`,
    );
    const isNew = this.deps.db.transaction(() => {
      if (lost !== null) this.take("select id from photo where id = ? limit ?", [lost.id, 1]);
      const { changes } = insert.run(
        id, characterId, cleaned.part.sha256, found.fileName, cleaned.mediaType, size.width, size.height, cleaned.part.sizeBytes,
        new Date().toISOString(), JSON.stringify(withSizeWarning(cleaned.changes, size)), lost?.caption ?? "",
      );
      if (changes > 0) this.erasure.keep(made);
      return changes > 0;
    }).immediate();
    if (!isNew) return null;
    this.changed(characterId);
    return this.get(characterId, id);
  }

  private changed(characterId: string): void {
    this.deps.bus.publish({ type: "photos.changed", characterId });
    this.characters.announce(characterId);
  }

  private count(characterId: string): number {
    return this.deps.db.query<{ n: number }, [string]>("select count(*) as n from photo where character_id = ? and deleted_at is null").get(characterId)!.n;
  }

  private withHash(characterId: string, sha256: string): Photo | null {
    const row = this.deps.db
      .query<PhotoRow, [string, string]>(`${selectPhoto} where ${alive} and character_id = ? and sha256 = ?`)
      .get(characterId, sha256);
    return row ? this.photoOf(row) : null;
  }

  /** The same picture whose own file is gone from the disk: the new one takes its place, with its caption. */
  private lostWithHash(characterId: string, sha256: string): Lost | null {
    const row = this.deps.db.query<PhotoRow, [string, string]>(`${selectPhoto} where character_id = ? and sha256 = ?`).get(characterId, sha256);
    return row !== null && this.photoOf(row).missing ? row : null;
  }

  private photoOf(row: PhotoRow): Photo {
    return photoOf(row, existsSync(join(this.deps.paths.photos, photoFile(row))));
  }

  private deletedWithHash(characterId: string, sha256: string): string | null {
    const deleted = "select id from photo where character_id = ? and sha256 = ? and deleted_at is not null";
    return this.deps.db.query<{ id: string }, [string, string]>(deleted).get(characterId, sha256)?.id ?? null;
  }
}

function photoOf(row: PhotoRow, isThere: boolean): Photo {
  const url = `/api/characters/${row.characterId}/images/${row.id}`;
  return { ...row, changes: JSON.parse(row.changes) as Photo["changes"], missing: !isThere, url, thumbnailUrl: `${url}/thumbnail` };
}

function rejected(fileName: string, { code, reason }: Rejection): UploadOutcome {
  return { kind: "rejected", fileName, code, reason };
}
