import type { Database } from "bun:sqlite";
import { rm } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { isOwnPlace } from "../files/own-place.ts";
import type { Paths } from "../files/paths.ts";

/** How many are looked at in one go; the next go takes the rest. */
const atOnce = 200;

export interface Erased {
  readonly removed: number;
  readonly failed: ReadonlyArray<{ readonly path: string; readonly error: unknown }>;
  readonly left: number;
}

/**
 * Files that have to go. They are written down in the transaction that takes away what names them, and struck out once
 * they are gone: a kill at any moment leaves either the name and its file, or the file on this list.
 */
export class Erasure {
  constructor(private readonly deps: { readonly db: Database; readonly paths: Pick<Paths, "root"> }) {}

  /** To be called inside the transaction. Files or folders, by their whole path. */
  note(paths: readonly string[]): void {
    const insert = this.deps.db.query("insert or ignore into erasure (path, asked_at) values (?, ?)");
    for (const path of paths) insert.run(relative(this.deps.paths.root, path).split(sep).join("/"), new Date().toISOString());
  }

  /** Never throws for a file that cannot be removed: it stays on the list. */
  async work(): Promise<Erased> {
    const paths = this.deps.db.query<{ path: string }, [number]>("select path from erasure order by asked_at, path limit ?").all(atOnce);
    const failed: Array<{ path: string; error: unknown }> = [];
    for (const { path } of paths) {
      try {
        await this.remove(path);
      } catch (error) {
        failed.push({ path, error });
      }
    }
    return { removed: paths.length - failed.length, failed, left: this.waiting() };
  }

  waiting(): number {
    return this.deps.db.query<{ n: number }, []>("select count(*) as n from erasure").get()!.n;
  }

  /** What lies behind a link is somebody else's and stays. */
  private async remove(path: string): Promise<void> {
    const { db, paths: { root } } = this.deps;
    if (isOwnPlace(root, path)) await rm(join(root, path), { recursive: true, force: true });
    db.query("delete from erasure where path = ?").run(path);
  }
}
