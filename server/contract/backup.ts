import { t } from "elysia";

export const BackupReason = t.Union([
  t.Literal("hourly"), t.Literal("stop"), t.Literal("asked"), t.Literal("before-migration"), t.Literal("emergency"),
]);
export type BackupReason = typeof BackupReason.static;

/** One proven copy of the databases. Photos, LoRAs and pictures are files of their own and not part of it. */
export const Backup = t.Object({
  id: t.String(),
  createdAt: t.String(),
  reason: BackupReason,
  sizeBytes: t.Number(),
  databases: t.Array(t.Union([t.Literal("state"), t.Literal("telemetry")])),
  /** Jobs and characters in it, so that a person can tell backups apart. */
  jobs: t.Number(),
  characters: t.Number(),
});
export type Backup = typeof Backup.static;

export const BackupList = t.Object({ backups: t.Array(Backup), folder: t.String() });
export type BackupList = typeof BackupList.static;
