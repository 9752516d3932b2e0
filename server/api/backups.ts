import type { Elysia } from "elysia";
import { Backup, BackupList } from "../contract/backup.ts";

export interface BackupsDeps {
  /** Newest first. */
  list(): Backup[];
  make(reason: "asked"): Promise<Backup>;
  readonly folder: string;
}

/** Proven copies of the databases. Restoring is not here: nothing may have the databases open then. */
export function backupsApi(deps: BackupsDeps) {
  return (http: Elysia) => http
    .get("/api/backups", () => ({ backups: deps.list(), folder: deps.folder }), { response: BackupList })
    .post("/api/backups", async ({ set }) => {
      set.status = 201;
      return deps.make("asked");
    });
}
