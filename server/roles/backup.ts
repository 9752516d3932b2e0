import { constants, copyFileSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ConfigError } from "../base/config.ts";
import { hashFile, makeBackup, syncFile } from "../db/backup.ts";
import { type BackupManifest, pruneBackups, readManifest, sizeOf } from "../db/backup-manifest.ts";
import { runAtOnce } from "../db/content-hash.ts";
import { DataInUse, DataProblem } from "../db/data-problem.ts";
import { lockFolder } from "../db/folder-lock.ts";
import { openData } from "../db/open-data.ts";
import { makeFolders, type Paths } from "../files/paths.ts";
import { ownPart } from "../files/whole-file.ts";
import { formatBytes } from "../system/disk/levels.ts";
import { explainSystemError } from "../base/system-error.ts";
import { CommandError } from "./explain.ts";
import { loadPlace } from "./place.ts";
import { describeHolder, findRunning, type RunningServer } from "./running.ts";
import { takeOption } from "./words.ts";

/** From asking the running server to its answer; a backup of some gigabytes takes a minute. */
const answerLimitMs = 300_000;

/** `isengard backup [--to FILE]`: asks the running server; opens the databases itself only when there is none. */
export async function backup(words: readonly string[]): Promise<number> {
  const { value: target, rest } = takeOption(words, "--to");
  if (target === "") throw new ConfigError(["the option --to needs the name of a file."]);
  const { paths } = loadPlace(rest);
  const copy = target === null ? null : resolve(target);
  if (copy !== null) assertFileName(copy);
  process.umask(0o077);
  if (!existsSync(paths.stateDb)) {
    console.error(`There is nothing to back up in ${paths.root}. Start Isengard there once, or name its folder with --data.`);
    return 1;
  }
  try {
    const running = await findRunning(paths);
    const made = running === null ? makeAlone(paths) : await ask(running, paths);
    const where = copy === null ? join(paths.backups, `${made.id}.json`) : copyOut(paths, made, copy);
    console.log(`A backup was made and proven: ${formatBytes(sizeOf(made))}, ${where}`);
    console.log("It holds characters, jobs, settings and loss curves. Photos, LoRAs and pictures are files of their own in the same folder.");
    return 0;
  } catch (error) {
    console.error(explain(error, paths));
    return 1;
  }
}

function makeAlone(paths: Paths): BackupManifest {
  makeFolders(paths);
  const lock = lockFolder(paths.lockFile);
  const data = openData(paths);
  try {
    const sources = [{ name: "state" as const, db: data.state }, { name: "telemetry" as const, db: data.telemetry }];
    const made = runAtOnce(makeBackup({ folder: paths.backups, sources, reason: "asked" }));
    pruneBackups(paths.backups);
    return made;
  } finally {
    data.state.close();
    data.telemetry.close();
    lock?.release();
  }
}

async function ask(server: RunningServer, paths: Paths): Promise<BackupManifest> {
  const answer = await fetch(`${server.url}/api/backups`, {
    method: "POST",
    headers: { authorization: `Bearer ${readFileSync(paths.tokenFile, "utf8").trim()}` },
    signal: AbortSignal.timeout(answerLimitMs),
  });
  const body = (await answer.json()) as { id?: string; error?: { what: string; why: string } };
  if (!answer.ok || body.id === undefined) throw new CommandError(body.error ? `${body.error.what} ${body.error.why}` : `The running Isengard answered ${answer.status}.`);
  const made = readManifest(join(paths.backups, `${body.id}.json`));
  if (made === null) throw new CommandError(`The backup ${body.id} is not in ${paths.backups}.`);
  return made;
}

/** FILE is the state database, FILE.json says what is in it, and FILE.telemetry holds the loss curves. */
function copyOut(paths: Paths, made: BackupManifest, target: string): string {
  const files = made.files.map((file) => {
    const name = file.name === "state" ? target : `${target}.telemetry`;
    const part = ownPart(name);
    try {
      copyFileSync(join(paths.backups, file.file), part, constants.COPYFILE_FICLONE);
      syncFile(part);
      if (runAtOnce(hashFile(part)) !== file.sha256) throw new CommandError(`The copy ${name} is not equal to the backup.`);
      renameSync(part, name);
    } finally {
      rmSync(part, { force: true });
    }
    return { ...file, file: name.slice(name.lastIndexOf("/") + 1) };
  });
  writeFileSync(`${target}.json`, JSON.stringify({ ...made, files }, null, 2), { mode: 0o600 });
  return target;
}

/** Before the work of a backup is done: where it goes has to be the name of a file in a folder that is there. */
function assertFileName(path: string): void {
  const refuse = (why: string): never => {
    throw new CommandError(`No backup was made. ${why} Name a file, as --to /media/stick/isengard.backup.`);
  };
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) refuse(`${path} is a folder.`);
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  if (folder === undefined) refuse(`The folder ${dirname(path)} does not exist.`);
  if (folder?.isDirectory() === false) refuse(`${dirname(path)} is a file, not a folder.`);
}

function explain(error: unknown, paths: Paths): string {
  if (error instanceof DataInUse) return describeHolder(paths);
  if (error instanceof DataProblem) return `No backup was made. ${error.message} ${error.detail} ${error.fix}`;
  const refusal = explainSystemError(error, error instanceof Error && "path" in error ? String(error.path) : paths.backups);
  if (refusal !== null) return `No backup was made. ${refusal.why} ${refusal.fix}`;
  throw error;
}
