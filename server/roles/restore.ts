import { readFileSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { DataInUse } from "../db/data-problem.ts";
import { lockFolder } from "../db/folder-lock.ts";
import { findSource, restore as putInPlace, RestoreError, type Restored } from "../db/restore.ts";
import { makeFolders, type Paths } from "../files/paths.ts";
import { explainSystemError } from "../base/system-error.ts";
import { loadPlace } from "./place.ts";
import { describeHolder, findRunning, type RunningServer } from "./running.ts";
import { takeWord } from "./words.ts";

const answerLimitMs = 300_000;

/** `isengard restore FILE|latest`: never while a server has the databases open. One that is on hold does it itself. */
export async function restore(words: readonly string[]): Promise<number> {
  const { word, rest } = takeWord(words);
  if (word === null) {
    console.error("Name the backup: isengard restore latest, or isengard restore FILE. The files lie in data/backups.");
    return 2;
  }
  const { paths } = loadPlace(rest);
  process.umask(0o077);
  try {
    const running = await findRunning(paths);
    if (running !== null) return await askHold(running, paths, word);
    makeFolders(paths);
    const lock = lockFolder(paths.lockFile);
    say(putInPlace(paths, findSource(paths, placeOf(word))), paths);
    lock?.release();
    return 0;
  } catch (error) {
    console.error(error instanceof DataInUse ? describeHolder(paths) : explain(error, paths));
    return 1;
  }
}

async function askHold(server: RunningServer, paths: Paths, word: string): Promise<number> {
  if (server.state !== "on-hold") {
    console.error(`Isengard runs on ${paths.root} (process ${server.pid}). Stop it first: a backup cannot replace databases that are open.`);
    return 1;
  }
  const answer = await fetch(`${server.url}/api/hold/restore`, {
    method: "POST",
    headers: { authorization: `Bearer ${readFileSync(paths.tokenFile, "utf8").trim()}`, "content-type": "application/json" },
    body: JSON.stringify({ id: word }),
    signal: AbortSignal.timeout(answerLimitMs),
  });
  const body = (await answer.json()) as { restored?: Restored; error?: { what: string; why: string; fix: string } };
  if (body.restored === undefined) {
    const hint = isAbsolute(word) || word.includes("/") ? " To use a file of elsewhere, stop this Isengard first." : "";
    console.error(body.error ? `${body.error.what} ${body.error.why} ${body.error.fix}${hint}` : `The running Isengard answered ${answer.status}.`);
    return 1;
  }
  say(body.restored, paths);
  console.log("Isengard starts again by itself.");
  return 0;
}

function say({ label, createdAt, databases, setAside }: Restored, paths: Paths): void {
  const when = createdAt === null ? "" : ` of ${createdAt}`;
  console.log(`The backup ${label}${when} was proven and is now the database of ${paths.root} (${databases.join(" and ")}).`);
  for (const file of setAside) console.log(`Kept: ${file}`);
}

/** A path is meant from where the person stands; an id is looked up among the backups. */
function placeOf(word: string): string {
  return word.includes("/") || word.includes(".db") || word.endsWith(".json") ? resolve(word) : word;
}

function explain(error: unknown, paths: Paths): string {
  if (error instanceof RestoreError) return `${error.message} Nothing was changed.`;
  const refusal = explainSystemError(error, error instanceof Error && "path" in error ? String(error.path) : paths.backups);
  if (refusal !== null) return `Nothing was restored. ${refusal.why} ${refusal.fix}`;
  throw error;
}
