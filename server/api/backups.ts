import type { Elysia } from "elysia";
import { Backup, BackupList } from "../contract/backup.ts";
import { gives } from "./openapi/gives.ts";
import { takes } from "./input/takes.ts";

export interface BackupsDeps {
  /** Newest first. */
  list(): Backup[];
  make(reason: "asked"): Promise<Backup>;
  readonly folder: string;
}

const tags = ["backups"];

/** Proven copies of the databases. Restoring is not here: nothing may have the databases open then. */
export function backupsApi(deps: BackupsDeps) {
  return (http: Elysia) => http
    .get("/api/backups", () => ({ backups: deps.list(), folder: deps.folder }), {
      ...takes({}), ...gives({ 200: BackupList }), detail: { summary: "List backups, newest first", tags },
    })
    .post("/api/backups", async ({ set }) => {
      set.status = 201;
      return deps.make("asked");
    }, { ...takes({}), ...gives({ 201: Backup }), detail: { summary: "Make a backup of the databases now", tags } });
}
