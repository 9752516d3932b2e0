import type { Database } from "bun:sqlite";
import { rm } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { isOwnPlace } from "../../files/own-place.ts";
import type { Paths } from "../../files/paths.ts";
import { newId } from "../../base/ids.ts";

/** How many are looked at in one go; the next go takes the rest. */
const atOnce = 200;
/** This life of the server. */
const life = newId("run");
const due = "held_by is null or held_by <> ?";

export interface Erased {
  readonly removed: number;
  readonly failed: ReadonlyArray<{ readonly path: string; readonly error: unknown }>;
  readonly left: number;
}

/**
 * Files that have to go. They are written down in the transaction that takes away what names them, and struck out once
 * they are gone. A file that is being made stands here too, held by this life of the server, until the transaction that
 * gives it its row. So a kill at any moment leaves either a row with its file, or the file on this list; what is neither
 * is not ours to remove.
 */
export class Erasure {
  constructor(private readonly deps: { readonly db: Database; readonly paths: Pick<Paths, "root"> }) {}

  /** To be called inside the transaction. Files or folders, by their whole path. */
  note(paths: readonly string[]): void {
    this.insert(paths, null);
  }

  /** Before files are made: they go again unless `keep` is called, also when this process dies. */
  expect(paths: readonly string[]): void {
    this.deps.db.transaction(() => this.insert(paths, life)).immediate();
  }

  /** Inside the transaction that gives the files their row. */
  keep(paths: readonly string[]): void {
    for (const path of paths) this.deps.db.query("delete from erasure where path = ?").run(this.nameOf(path));
  }

  /** After the work on expected files, however it ended: what was not kept goes, now or with the next life. Never rejects. */
  async letGo(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      try {
        const isListed = this.deps.db.query("select 1 from erasure where path = ? and held_by = ?").get(this.nameOf(path), life) !== null;
        if (isListed) await this.remove(this.nameOf(path));
      } catch {
        // The disk or the database failed, which the work itself has told; the entry stays.
      }
    }
  }

  /** Never throws for a file that cannot be removed: it stays on the list. */
  async work(): Promise<Erased> {
    const paths = this.deps.db.query<{ path: string }, [string, number]>(`select path from erasure where ${due} order by asked_at, path limit ?`).all(life, atOnce);
    const failed: Array<{ path: string; error: unknown }> = [];
    for (const { path } of paths) {
      try {
        await this.remove(path);
      } catch (error) {
        failed.push({ path, error });
        this.toTheEnd(path);
      }
    }
    return { removed: paths.length - failed.length, failed, left: this.waiting() };
  }

  /** What cannot be removed must not keep the rest from its turn. */
  private toTheEnd(path: string): void {
    this.deps.db.query("update erasure set asked_at = ? where path = ?").run(new Date().toISOString(), path);
  }

  waiting(): number {
    return this.deps.db.query<{ n: number }, [string]>(`select count(*) as n from erasure where ${due}`).get(life)!.n;
  }

  private insert(paths: readonly string[], heldBy: string | null): void {
    const insert = this.deps.db.query("insert or replace into erasure (path, asked_at, held_by) values (?, ?, ?)");
    for (const path of paths) insert.run(this.nameOf(path), new Date().toISOString(), heldBy);
  }

  private nameOf(path: string): string {
    return relative(this.deps.paths.root, path).split(sep).join("/");
  }

  /** What lies behind a link is somebody else's and stays. */
  private async remove(path: string): Promise<void> {
    const { db, paths: { root } } = this.deps;
    if (isOwnPlace(root, path)) await rm(join(root, path), { recursive: true, force: true });
    db.query("delete from erasure where path = ?").run(path);
  }
}
