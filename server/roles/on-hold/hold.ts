import { Database } from "bun:sqlite";
import { Elysia, t } from "elysia";
import { Access, loadToken } from "../../api/gate/access.ts";
import { takes } from "../../api/input/takes.ts";
import { isLoggedIn } from "../../api/gate/context.ts";
import { createGate } from "../../api/gate/gate.ts";
import { onError } from "../../api/gate/on-error.ts";
import { responseHeaders } from "../../api/gate/response-headers.ts";
import { sessionApi } from "../../api/session.ts";
import { Id } from "../../contract/text.ts";
import type { LoadedConfig } from "../../base/config.ts";
import type { DataProblem } from "../../db/data-problem.ts";
import { describeBackup, hasState, listBackups } from "../../db/backup-manifest.ts";
import { beginAnew, findSource, isUsable, restore } from "../../db/restore.ts";
import { AppError } from "../../base/errors.ts";
import type { Paths } from "../../files/paths.ts";
import { instance } from "../../base/identity.ts";
import { Sessions } from "../../db/sessions.ts";
import type { Log } from "../../base/log.ts";
import { holdScript, holdStyle } from "./assets.ts";
import { holdLoginPage, holdPage, type HoldFacts } from "./page.ts";

export interface HoldOptions extends LoadedConfig {
  readonly paths: Paths;
  readonly problem: DataProblem;
  readonly log: Log;
  readonly podId: string | null;
  /** Starts the program again in place, once the answer has been sent. */
  restart(): void;
}

export interface Hold {
  readonly http: Elysia;
  readonly access: Access;
  readonly sessions: Sessions;
}

/**
 * What is served while the data cannot be opened: one page that says why and offers the backups, behind the same gate.
 * It reads no database; every other address answers 503.
 */
export function createHold(options: HoldOptions): Hold {
  const { config, paths, log } = options;
  const sessions = new Sessions(memorySessions());
  const access = new Access(readToken(paths), sessions, { enabled: config.auth });
  const since = new Date().toISOString();
  const gate = createGate({
    access,
    hosts: { allowedHosts: config.allowedHosts, listenHost: config.host, podId: options.podId },
    loginPage: () => html(holdLoginPage()),
  });
  const http = new Elysia({ nativeStaticResponse: false, systemRouter: false, handler: { standardHostname: false } })
    .onRequest(({ request }) => gate(request) ?? undefined)
    .use(responseHeaders())
    .use(onError(log))
    .use(sessionApi(access))
    .get("/health", () => ({ status: "on-hold" as const, since, instance }))
    .get("/assets/hold.css", () => new Response(holdStyle, { headers: { "content-type": "text/css; charset=utf-8" } }))
    .get("/assets/hold.js", () => new Response(holdScript, { headers: { "content-type": "text/javascript; charset=utf-8" } }))
    .use(repairs(options))
    .all("/*", ({ request }) => {
      if (isLoggedIn(request) && request.method === "GET" && !new URL(request.url).pathname.startsWith("/api/")) return html(holdPage(describe(options, since)));
      throw onHold(options.problem);
    });
  return { http: http as unknown as Elysia, access, sessions };
}

function repairs(options: HoldOptions) {
  const { paths, problem, log, restart } = options;
  return new Elysia({ name: "hold-repairs" })
    .get("/api/hold", () => {
      const { problem: found, backups, mayBeginAnew } = describe(options, "");
      return { kind: found.kind, what: found.message, why: found.why, fix: found.fix, file: found.file, detail: found.detail, backups, mayBeginAnew };
    }, takes({}))
    .post("/api/hold/retry", () => {
      restart();
      return { ok: true };
    }, takes({}))
    .post("/api/hold/restore", ({ body }) => {
      if (!problem.helpsRestore) throw new AppError("conflict", problem.message, { why: "A backup does not help against this.", fix: problem.fix });
      const id = knownId(paths, body.id);
      const restored = repair(() => restore(paths, findSource(paths, id)), "The backup was not used.");
      log.warn("data.restored", "a backup was put in the place of the database", { ...restored });
      restart();
      return { ok: true, restored };
    }, takes({ body: t.Object({ id: Id }) }))
    .post("/api/hold/empty", () => {
      if (!describe(options, "").mayBeginAnew) throw new AppError("conflict", "There is a backup that can be used.", { fix: "Use the backup instead." });
      const kept = repair(() => beginAnew(paths), "The file was not set aside.");
      log.warn("data.begun-anew", "the database was set aside and an empty one was begun", { kept });
      restart();
      return { ok: true, kept };
    }, takes({}));
}

function describe({ paths, problem }: HoldOptions, since: string): HoldFacts {
  const backups = listBackups(paths.backups).filter((backup) => hasState(backup) && isUsable(backup));
  const mayBeginAnew = backups.length === 0 && problem.helpsRestore && problem.kind !== "newer";
  return { problem, backups: backups.map(describeBackup), folder: paths.root, mayBeginAnew, since };
}

/** Only ids of the list: no request may name a file. */
function knownId(paths: Paths, id: string): string {
  const known = listBackups(paths.backups).find((backup) => backup.id === id || id === "latest");
  if (known === undefined) throw new AppError("not_found", "There is no backup of this name.");
  return id;
}

function repair<T>(work: () => T, what: string): T {
  try {
    return work();
  } catch (error) {
    // A fault of the system has its own words (api/on-error.ts); what the repair found is a sentence already.
    if (error instanceof Error && ("syscall" in error || "code" in error)) throw error;
    throw new AppError("conflict", what, { why: error instanceof Error ? error.message : String(error), fix: "Choose another backup.", cause: error });
  }
}

function onHold(problem: DataProblem): AppError {
  return new AppError("on_hold", "Isengard cannot open its data.", { why: `${problem.message} ${problem.why}` });
}

/** On a read-only or full disk there may be no token yet: then this start has one of its own, used by its link. */
function readToken(paths: Paths): string {
  try {
    return loadToken(paths.tokenFile);
  } catch {
    return crypto.randomUUID() + crypto.randomUUID(); // said on the page: the disk refuses more than this file
  }
}

function memorySessions(): Database {
  const db = new Database(":memory:", { strict: true });
  db.run("create table session (token_hash text primary key, created_at text not null, last_seen_at text not null, label text not null) strict");
  return db;
}

function html(body: string): Response {
  return new Response(body, { status: 503, headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store", "retry-after": "30" } });
}
