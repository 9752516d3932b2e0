
/**
 * damaged: the content cannot be trusted; missing: it is gone although there was work; newer: written by a later version;
 * foreign: of another program; newer-program: a child lives that a later version started; full, refused, unreadable: the disk; unprepared: a step to this version failed.
 */
export type DataProblemKind = "damaged" | "missing" | "newer" | "foreign" | "newer-program" | "full" | "refused" | "unreadable" | "unprepared";

/** Why the data cannot be used, for a person. The file is left exactly as it was found. */
export class DataProblem extends Error {
  override readonly name = "DataProblem";
  readonly kind: DataProblemKind;
  readonly file: string;
  readonly why: string;
  readonly fix: string;
  /** As the system or SQLite words it. */
  readonly detail: string;

  constructor(kind: DataProblemKind, file: string, detail: string, cause?: unknown) {
    super(words[kind].what, { cause });
    this.kind = kind;
    this.file = file;
    this.detail = detail.slice(0, 500);
    this.why = words[kind].why;
    this.fix = words[kind].fix;
  }

  /** A backup helps against what happened to the file, not against a full or refusing disk. */
  get helpsRestore(): boolean {
    return this.kind === "damaged" || this.kind === "missing" || this.kind === "newer" || this.kind === "foreign" || this.kind === "unprepared";
  }
}

/** Another program holds the file: nothing is wrong with it, and nothing may be done to it. */
export class DataInUse extends Error {
  override readonly name = "DataInUse";
  constructor(readonly file: string) {
    super(`${file} is used by another Isengard.`);
  }
}

const words: Readonly<Record<DataProblemKind, { what: string; why: string; fix: string }>> = {
  damaged: {
    what: "The database is damaged.",
    why: "Its content contradicts itself. A power cut on a disk that does not keep its promises, a failing disk or another program can do this.",
    fix: "Use the last good backup. The damaged file is kept beside it.",
  },
  missing: {
    what: "The database is missing or empty.",
    why: "This folder has work in it, but the file that lists it was deleted or emptied. Perhaps the wrong volume is mounted.",
    fix: "Check that the right volume is mounted and try again, or use the last good backup.",
  },
  newer: {
    what: "The database was written by a newer Isengard.",
    why: "This version does not know how to read it without losing something.",
    fix: "Start the newer Isengard, or use a backup that was made before the upgrade.",
  },
  foreign: {
    what: "The database belongs to another program.",
    why: "A file of another program lies where Isengard keeps its data.",
    fix: "Choose another folder with --data, or use the last good backup.",
  },
  "newer-program": {
    what: "A program that another version of Isengard started still runs here.",
    why: "This version cannot look after it without risking its work, so it was left alone and goes on.",
    fix: "Start the version of Isengard that started it, or wait until that program has ended and try again.",
  },
  full: {
    what: "The disk is full.",
    why: "The database needs some room before it can be opened.",
    fix: "Delete something that you do not need from this disk, then try again.",
  },
  refused: {
    what: "Isengard may not write to its data.",
    why: "The volume is mounted read-only, or the files belong to another user.",
    fix: "Make the folder writable for the user that runs Isengard, then try again.",
  },
  unreadable: {
    what: "The disk does not give the database back.",
    why: "Reading or writing it failed. The volume may have been disconnected, or the disk is failing.",
    fix: "Check the volume, then try again. If it stays, restore a backup to another disk.",
  },
  unprepared: {
    what: "The database could not be brought to this version.",
    why: "A step of the upgrade failed. Nothing was changed by it.",
    fix: "Start the version that you used before, or use a backup.",
  },
};

const kinds: ReadonlyArray<readonly [pattern: RegExp, kind: DataProblemKind]> = [
  [/^SQLITE_(CORRUPT|NOTADB)/, "damaged"],
  [/^(SQLITE_FULL|ENOSPC|EDQUOT)/, "full"],
  [/^(SQLITE_READONLY|SQLITE_CANTOPEN|SQLITE_PERM|EACCES|EPERM|EROFS)/, "refused"],
  [/^(SQLITE_IOERR|EIO|ESTALE|ENODEV|ENXIO|ENOTCONN)/, "unreadable"],
];

/** What a throw of SQLite or of the file system means for this file. `otherwise` is for those that say nothing about it. */
export function toProblem(error: unknown, file: string, otherwise: DataProblemKind): DataProblem | DataInUse {
  if (error instanceof DataProblem || error instanceof DataInUse) return error;
  const code = codeOf(error);
  if (/^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(code)) return new DataInUse(file);
  const detail = error instanceof Error ? error.message : String(error);
  const kind = kinds.find(([pattern]) => pattern.test(code))?.[1] ?? otherwise;
  return new DataProblem(kind, file, code === "" ? detail : `${detail} (${code})`, error);
}

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
