import { mkdir, statfs } from "node:fs/promises";
import type { UploadOutcome } from "../../contract/character.ts";
import { AppError, notFound } from "../../base/errors.ts";
import { assertOwnFolder } from "../../files/own-place.ts";
import { newId } from "../../base/ids.ts";
import { Characters } from "../characters.ts";
import type { LibraryDeps } from "../deps.ts";
import { Erasure } from "../upkeep/erasure.ts";
import { photoLimits } from "../photos/photo-intake.ts";
import type { Photos } from "../photos/photos.ts";
import { displayName } from "../../base/plain-text.ts";
import { watchGrowth } from "./upload-growth.ts";
import { UploadParts, type Checksum } from "./upload-parts.ts";

export const uploadLimits = {
  fileBytes: photoLimits.bytes,
  /** Below the 100 MB at which proxies cut a request. */
  chunkBytes: 32 * 1024 * 1024,
  inFlight: 500,
  keepMs: 24 * 60 * 60 * 1000,
  /** A connection that was hung up is closed at the next tick of the server's timer, which beats every 4 s. */
  takeOverMs: 15_000,
  /** Room that stays free on the disk for databases and logs. */
  freeBytes: 512 * 1024 * 1024,
} as const;

export interface UploadState {
  readonly id: string;
  readonly sizeBytes: number;
  /** Bytes that are on the disk; the files themselves are the truth. */
  readonly offset: number;
  readonly expiresAt: Date;
}

/** The bytes of one request, as far as it got. */
export interface UploadChunk {
  readonly offset: number;
  /** As announced; the connection gives no more than that. */
  readonly length: number;
  readonly body: ReadableStream<Uint8Array> | null;
  readonly checksum: Checksum | null;
  /** Ends the connection soon, so that the write that waits for it breaks off. */
  hangUp(): void;
}

interface UploadRow {
  readonly id: string;
  readonly characterId: string;
  readonly fileName: string;
  readonly sizeBytes: number;
  readonly createdAt: string;
  readonly outcome: string | null;
}

/**
 * Resumable uploads of single photos. What arrived stays, whatever happens to the connection or the server; the last
 * byte turns the upload into a photo, and its outcome can be asked for until the upload expires.
 */
export class Uploads {
  private readonly characters: Characters;
  private readonly parts: UploadParts;
  private readonly erasure: Erasure;
  private readonly writing = new Map<string, { hangUp: () => void; over: Promise<void> }>();
  private readonly finishing = new Map<string, { readonly outcome: Promise<UploadOutcome>; readonly giveUp: AbortController }>();

  constructor(private readonly deps: LibraryDeps & { readonly photos: Photos }) {
    this.characters = new Characters(deps);
    this.parts = new UploadParts(deps.paths.uploads);
    this.erasure = new Erasure(deps);
  }

  /** Throws AppError where a limit is reached. A file of no bytes is finished at once. */
  async create(input: { characterId: string; fileName: string; sizeBytes: number }): Promise<UploadState> {
    if (this.characters.get(input.characterId) === null) throw notFound("character", input.characterId);
    if (input.sizeBytes > uploadLimits.fileBytes) {
      throw new AppError("too_large", `${displayName(input.fileName)} is too large.`, { why: "A photo may have up to 50 MB." });
    }
    if (this.inFlight() >= uploadLimits.inFlight) await this.expire(new Date());
    if (this.inFlight() >= uploadLimits.inFlight) {
      throw new AppError("too_many_requests", "Too many uploads are under way.", {
        why: `At most ${uploadLimits.inFlight} files can be on their way at once.`, fix: "Let some of them finish, then add the rest.",
      });
    }
    assertOwnFolder(this.deps.paths, this.deps.paths.uploads);
    await mkdir(this.deps.paths.uploads, { recursive: true, mode: 0o700 });
    await this.assertRoom(input.sizeBytes);
    const id = newId("upl");
    this.deps.db
      .query("insert into upload (id, character_id, file_name, size_bytes, created_at) values (?, ?, ?, ?, ?)")
      .run(id, input.characterId, displayName(input.fileName), input.sizeBytes, new Date().toISOString());
    if (input.sizeBytes === 0) await this.outcome(id);
    return this.state(id);
  }

  state(id: string): UploadState {
    const row = this.row(id);
    return {
      id, sizeBytes: row.sizeBytes, offset: row.outcome === null ? this.parts.received(id) : row.sizeBytes,
      expiresAt: new Date(Date.parse(row.createdAt) + uploadLimits.keepMs),
    };
  }

  /**
   * Appends what the request gives, as it comes. When the connection breaks, the bytes before the break stay and the
   * error is thrown. A newer request ends an older one that still writes: its connection is dead, or the sender gave it
   * up. Resolves when a finished upload has become a photo.
   *
   * The write begins before anything is awaited: what arrives while nobody reads is kept in memory, megabytes for each
   * connection (Bun 1.4.5).
   */
  async append(id: string, chunk: UploadChunk): Promise<UploadState> {
    if (this.writing.has(id)) await this.takeOver(id);
    assertOwnFolder(this.deps.paths, this.deps.paths.uploads);
    const { promise: over, resolve } = Promise.withResolvers<void>();
    this.writing.set(id, { hangUp: () => chunk.hangUp(), over });
    const stopWatching = watchGrowth(() => this.parts.arrived(id, chunk.offset), () => chunk.hangUp());
    try {
      const { sizeBytes, offset } = this.state(id);
      if (chunk.offset !== offset) throw wrongOffset(`${offset} bytes have arrived, the request starts at ${chunk.offset}.`);
      if (chunk.length > Math.min(sizeBytes - offset, uploadLimits.chunkBytes)) {
        throw new AppError("too_large", "The request has more bytes than the upload may still take.", { fix: "Send chunks of up to 32 MiB." });
      }
      if (chunk.body !== null) await this.parts.write(id, offset, chunk.body, chunk.checksum);
      if (this.parts.received(id) === sizeBytes) await this.outcome(id);
    } finally {
      stopWatching();
      this.writing.delete(id);
      resolve();
    }
    return this.state(id);
  }

  /** What became of the file. Throws `conflict` while bytes are missing. Asking again gives the same answer. */
  async outcome(id: string): Promise<UploadOutcome> {
    const row = this.row(id);
    if (row.outcome !== null) return JSON.parse(row.outcome) as UploadOutcome;
    const running = this.finishing.get(id);
    if (running) return running.outcome;
    if (this.parts.received(id) < row.sizeBytes) {
      throw new AppError("conflict", `${row.fileName} has not arrived completely.`, { fix: "Send the rest, then ask again." });
    }
    return this.finishing.get(id)?.outcome ?? this.finish(row);
  }

  /** A photo that waits for its turn, or that takes long to decode, is given up with it; one that is about to be one becomes a photo nevertheless. */
  async remove(id: string): Promise<void> {
    this.row(id);
    await this.takeOver(id);
    const finishing = this.finishing.get(id);
    finishing?.giveUp.abort();
    await finishing?.outcome.catch(() => undefined);
    await this.forget(id);
  }

  /** Once at start: forgets what is older than a day, and partial files that nobody knows. */
  async sweep(now: Date = new Date()): Promise<void> {
    await this.expire(now);
    await mkdir(this.deps.paths.uploads, { recursive: true, mode: 0o700 });
    await this.parts.sweep((id) => this.find(id) !== null);
  }

  /** All uploads of a deleted person, for the purge. */
  takeOf(characterId: string, limit: number): number {
    const some = "delete from upload where id in (select id from upload where character_id = ? limit ?) returning id";
    const gone = this.deps.db.query<{ id: string }, [string, number]>(some).all(characterId, limit);
    this.erasure.note(gone.flatMap(({ id }) => this.parts.files(id)));
    return gone.length;
  }

  private async expire(now: Date): Promise<void> {
    const limit = new Date(now.getTime() - uploadLimits.keepMs).toISOString();
    const gone = this.deps.db.query<{ id: string }, [string]>("delete from upload where created_at < ? returning id").all(limit);
    for (const { id } of gone) await this.parts.remove(id);
  }

  private async forget(id: string): Promise<void> {
    this.deps.db.query("delete from upload where id = ?").run(id);
    await this.parts.remove(id);
  }

  private async takeOver(id: string): Promise<void> {
    const earlier = this.writing.get(id);
    if (!earlier) return;
    earlier.hangUp();
    await Promise.race([earlier.over, Bun.sleep(uploadLimits.takeOverMs)]);
    if (this.writing.has(id)) throw wrongOffset("Another request is writing to this upload.");
  }

  private finish(row: UploadRow): Promise<UploadOutcome> {
    const giveUp = new AbortController();
    const outcome = this.toPhoto(row, giveUp.signal).catch((error: unknown) => {
      throw giveUp.signal.aborted ? notFound("upload", row.id) : error;
    }).finally(() => this.finishing.delete(row.id));
    this.finishing.set(row.id, { outcome, giveUp });
    return outcome;
  }

  private async toPhoto(row: UploadRow, signal: AbortSignal): Promise<UploadOutcome> {
    if (this.characters.get(row.characterId) === null) {
      await this.forget(row.id);
      throw notFound("character", row.characterId);
    }
    const outcome = await this.intake(row, signal);
    this.deps.db.query("update upload set outcome = ? where id = ?").run(JSON.stringify(outcome), row.id);
    await this.parts.remove(row.id);
    return outcome;
  }

  private async intake(row: UploadRow, signal: AbortSignal): Promise<UploadOutcome> {
    if (row.sizeBytes === 0) return { kind: "rejected", fileName: row.fileName, code: "unsupported", reason: "This file is empty." };
    return this.deps.photos.add(row.characterId, row.fileName, await this.parts.whole(row.id), signal);
  }

  private async assertRoom(sizeBytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.deps.paths.uploads);
    if (bavail * bsize < sizeBytes + uploadLimits.freeBytes) throw new AppError("storage_full", "There is no room left for more photos.");
  }

  private inFlight(): number {
    return this.deps.db.query<{ n: number }, []>("select count(*) as n from upload where outcome is null").get()!.n;
  }

  private row(id: string): UploadRow {
    const row = this.find(id);
    if (row === null) throw notFound("upload", id);
    return row;
  }

  private find(id: string): UploadRow | null {
    return this.deps.db
      .query<UploadRow, [string]>(
        `select id, character_id as characterId, file_name as fileName, size_bytes as sizeBytes, created_at as createdAt, outcome
         from upload where id = ?`,
      )
      .get(id);
  }
}

function wrongOffset(why: string): AppError {
  return new AppError("conflict", "The upload cannot go on from there.", { why, fix: "Ask for the offset (HEAD), then send from there." });
}
