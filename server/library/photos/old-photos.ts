import { join } from "node:path";
import type { Photo, PhotoChange } from "../../contract/character.ts";
import { FileSource } from "../../files/byte-source.ts";
import { assertOwnFolder } from "../../files/own-place.ts";
import { newId } from "../../base/ids.ts";
import { Characters } from "../characters.ts";
import type { LibraryDeps } from "../deps.ts";
import { Erasure } from "../upkeep/erasure.ts";
import { formatOf, photoFile } from "./photo-file.ts";
import { cleanPhoto, photoLimits, provePhoto, scratchSuffix, withSizeWarning, type CleanedPhoto } from "./photo-intake.ts";
import { pictures } from "../../pictures/on-demand.ts";
import type { PictureSize } from "../../pictures/thumbnails.ts";
import { Slots } from "../../pictures/slots.ts";
import { PictureFault } from "../../pictures/strip-plan.ts";

/** Headers that are read between two writes of the database. */
const atOnce = 32;
/** `pho-`, the time and the counter of an id: what the order of the photos rests on. */
const timeOfId = 16;

type Old = Pick<Photo, "id" | "characterId" | "mediaType" | "width" | "height">;
interface Made {
  readonly id: string;
  readonly cleaned: CleanedPhoto;
  readonly size: PictureSize;
  readonly files: readonly string[];
}

/**
 * Photos that came before photos were made plain: the page and the trainer may read them differently. Each is looked at
 * once. What has to be made anew becomes a new file under a new id that stands at the same place, since what an address
 * gave before may be kept by browsers for ever; the old file goes. Nothing is touched before its successor is on the disk.
 */
export class OldPhotos {
  private readonly erasure: Erasure;
  private readonly characters: Characters;
  private readonly one = new Slots(1);
  /** Their file is missing or cannot be read now: left as they are until the next start. */
  private readonly passed = new Set<string>();

  constructor(private readonly deps: LibraryDeps) {
    this.erasure = new Erasure(deps);
    this.characters = new Characters(deps);
  }

  /** One bounded step, at most one photo made anew. Answers whether something is left. `characterId` null: of anybody. `signal` ends it, and the photo waits on. */
  step(characterId: string | null, signal?: AbortSignal): Promise<boolean> {
    return this.one.run(1, () => this.look(characterId, signal), signal);
  }

  /** Looks at all photos of one person for at most `limitMs`; how many are left. */
  async ready(characterId: string, limitMs: number): Promise<number> {
    const end = performance.now() + limitMs;
    while (await this.step(characterId)) if (performance.now() > end) return this.waiting(characterId, photoLimits.perCharacter).length;
    return 0;
  }

  private waiting(characterId: string | null, limit: number): Old[] {
    return this.deps.db
      .query<Old, [string | null, number]>(
        `select id, character_id as characterId, media_type as mediaType, width, height from photo
         where is_plain = 0 and deleted_at is null and character_id in (select id from character where deleted_at is null) and character_id = coalesce(?, character_id)
         order by character_id, id limit ?`,
      )
      .all(characterId, limit + this.passed.size).filter(({ id }) => !this.passed.has(id));
  }

  private async look(characterId: string | null, signal: AbortSignal | undefined): Promise<boolean> {
    const waiting = this.waiting(characterId, atOnce + 1);
    const seen: Array<{ photo: Old; changes: PhotoChange[] }> = [];
    let toMake: Old | null = null;
    for (const photo of waiting.slice(0, atOnce)) {
      const found = await this.examine(photo);
      if (found === "make") {
        toMake = photo;
        break;
      }
      if (found !== "unreadable") seen.push({ photo, changes: found });
      else this.passed.add(photo.id);
    }
    this.deps.db.transaction(() => seen.forEach(({ photo, changes }) => this.settle(photo, changes))).immediate();
    if (toMake !== null) await this.makeAnew(toMake, signal);
    return this.waiting(characterId, 1).length > 0;
  }

  private async examine(photo: Old): Promise<PhotoChange[] | "make" | "unreadable"> {
    const path = this.pathOf(photo);
    try {
      const source = await FileSource.open(path);
      const [{ isPlain, meaningOf }, { assertWhole, hasGreyCorner }] = await Promise.all([pictures.meaning(), pictures.wholeness()]);
      const meaning = await meaningOf(formatOf(photo), source).finally(() => source.close());
      if (!isPlain(meaning)) return "make";
      const looksCut = formatOf(photo) === "jpeg" && (await hasGreyCorner(this.thumbnailOf(photo.id)).catch(() => false));
      if (looksCut) await assertWhole(path);
      return withSizeWarning([], photo);
    } catch (error) {
      return error instanceof PictureFault ? [doubt(`This file ${error.message}`)] : "unreadable";
    }
  }

  private async makeAnew(photo: Old, signal: AbortSignal | undefined): Promise<void> {
    const id = photo.id.slice(0, timeOfId) + newId("pho").slice(timeOfId);
    const folder = join(this.deps.paths.photos, photo.characterId);
    assertOwnFolder(this.deps.paths, folder);
    assertOwnFolder(this.deps.paths, this.deps.paths.thumbnails);
    const thumbnail = this.thumbnailOf(id);
    const files = [thumbnail, `${thumbnail}.part`];
    try {
      const cleaned = await cleanPhoto(this.pathOf(photo), (extension) => {
        const path = join(folder, `${id}.${extension}`);
        files.push(path, `${path}.part`, `${path}${scratchSuffix}`);
        this.erasure.expect(files);
        return path;
      }, signal);
      if (cleaned.kind === "rejected") this.settle(photo, [doubt(cleaned.reason)]);
      else await this.put(photo, { id, cleaned, files }, signal).finally(() => cleaned.part.discard());
    } finally {
      await this.erasure.letGo(files);
    }
  }

  private async put(photo: Old, made: Omit<Made, "size">, signal: AbortSignal | undefined): Promise<void> {
    const { id, cleaned } = made;
    if (cleaned.changes.length === 0) return this.settle(photo, withSizeWarning([], photo));
    const size = await provePhoto(cleaned, this.thumbnailOf(id), signal);
    if ("kind" in size) return this.settle(photo, [doubt(size.reason)]);
    await cleaned.part.publish();
    this.deps.db.transaction(() => this.replace(photo, { ...made, size })).immediate();
    this.announce(photo);
  }

  /** In a transaction. Where the same picture came again meanwhile, the old one gives way to it and leaves it its caption. */
  private replace(photo: Old, { id, cleaned, size, files }: Made): void {
    const { db, paths } = this.deps;
    const { sha256, sizeBytes } = cleaned.part;
    const now = new Date().toISOString();
    const same = db.query<{ id: string }, [string, string, string]>("select id from photo where character_id = ? and sha256 = ? and id <> ?").get(photo.characterId, sha256, photo.id);
    if (same !== null) {
      db.query(`update photo set deleted_at = null, caption = iif(caption = '', (select caption from photo where id = ?1), caption)
        where id = ?2 and exists (select 1 from photo where id = ?1 and deleted_at is null)`).run(photo.id, same.id);
      db.query("update photo set deleted_at = ? where id = ? and deleted_at is null").run(now, photo.id);
      return;
    }
    const { changes } = db
      .query("update photo set id = ?, sha256 = ?, media_type = ?, width = ?, height = ?, size_bytes = ?, changes = ?, is_plain = 1 where id = ? and deleted_at is null")
      .run(id, sha256, cleaned.mediaType, size.width, size.height, sizeBytes, JSON.stringify(withSizeWarning(cleaned.changes, size)), photo.id);
    if (changes === 0) return;
    this.erasure.keep(files);
    this.erasure.note([join(paths.photos, photoFile(photo)), this.thumbnailOf(photo.id)]);
  }

  private settle(photo: Old, changes: readonly PhotoChange[]): void {
    this.deps.db.query("update photo set is_plain = 1, changes = ? where id = ?").run(JSON.stringify(changes), photo.id);
  }

  private announce({ characterId }: Old): void {
    this.deps.bus.publish({ type: "photos.changed", characterId });
    this.characters.announce(characterId);
  }

  private pathOf(photo: Old): string {
    return join(this.deps.paths.photos, photoFile(photo));
  }

  private thumbnailOf(id: string): string {
    return join(this.deps.paths.thumbnails, `${id}.webp`);
  }
}

/** It stays: a person chose it. But what the trainer makes of it is not known. */
function doubt(reason: string): PhotoChange {
  return { code: "doubtful", text: `It was added by an earlier version and would be refused today; a training may read it otherwise than it looks here. ${reason}` };
}
