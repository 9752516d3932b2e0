import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newId } from "../../base/ids.ts";
import { temporaryFolder } from "../../testing/folder.ts";
import { openLibrary, type TestLibrary } from "../../testing/library.ts";
import { seededRandom } from "../../testing/random.ts";
import { canTrace } from "../../testing/strace.ts";
import { createLog } from "../../base/log.ts";
import { JobStore } from "./store.ts";

/** Cuts in each run; each run has another seed. */
const cuts = Number(process.env["ISENGARD_TEST_CUTS"] ?? 400);
const seed = Number(process.env["ISENGARD_TEST_SEED"] ?? Date.now() % 100_000);
/** What a disk writes whole. */
const sectorBytes = 512;
const cutsPerWrite = 20;

let library: TestLibrary;
let store: JobStore;
const folder = temporaryFolder();
beforeEach(() => {
  library = openLibrary();
  store = new JobStore(library.db, library.bus, createLog({ write: () => {} }, "error"));
});
afterEach(() => {
  library.close();
  folder.remove();
});

interface Files {
  readonly main: Buffer;
  readonly wal: Buffer;
}

function look(): Files {
  const path = library.paths.stateDb;
  return { main: readFileSync(path), wal: existsSync(`${path}-wal`) ? readFileSync(`${path}-wal`) : Buffer.alloc(0) };
}

/** What the disk may hold when the power fails during a write: of each sector the old, the new, or nothing. */
function tear(before: Buffer, after: Buffer, random: (limit: number) => number): Buffer {
  const torn = Buffer.alloc(random(2) ? after.length : Math.max(before.length, random(after.length + 1)));
  const isStill = random(3);
  for (let at = 0; at < torn.length; at += sectorBytes) {
    const [old, fresh] = [before.subarray(at, at + sectorBytes), after.subarray(at, at + sectorBytes)];
    if (old.length === fresh.length && old.equals(fresh)) fresh.copy(torn, at);
    else if (isStill !== 0 && random(2)) fresh.copy(torn, at, 0, torn.length - at);
    else if (old.length > 0 || random(4)) old.copy(torn, at);
  }
  return torn;
}

/** What the next start finds in such files. */
function readAfterCut(files: Files, name: number) {
  const path = join(folder.path, `cut-${name}.db`);
  writeFileSync(path, files.main);
  writeFileSync(`${path}-wal`, files.wal);
  using db = new Database(path);
  db.run("pragma synchronous = off"); // of this copy nothing is kept
  const check = db.query<{ integrity_check: string }, []>("pragma integrity_check").get()!.integrity_check;
  const ids = new Set(db.query<{ id: string }, []>("select id from job").all().map((row) => row.id));
  const halves = db.query<{ n: number }, []>(
    `select count(*) as n from job where not exists (select 1 from job_event where job_id = job.id and to_state = job.state)
       or request <> '{"prompt":"x"}' or frozen = ''`,
  ).get()!.n;
  return { check, ids, halves };
}

test(`Q1, F46: ${cuts} power cuts in the middle of a write lose no acknowledged job and leave none by halves (seed ${seed})`, () => {
  mkdirSync(folder.path, { recursive: true });
  const random = seededRandom(seed);
  const { synchronous } = library.db.query<{ synchronous: number }, []>("pragma synchronous").get()!;
  expect(synchronous).toBe(2);
  const acknowledged: string[] = [];
  const submit = () => store.insert({
    id: newId("job"), kind: "generation", title: "1 picture", subject: "1 picture", characterId: null, backend: "fake", priority: 0, simulated: false,
    correlationId: "cor-cut", idempotencyKey: null, idempotencyHash: null, request: { prompt: "x" }, frozen: { v: 1 },
  }).id;
  const end = () => {
    const claim = store.claimNext("gpu", "token");
    if (claim) store.transition(claim.job.id, "failed", { token: "token", why: "test" });
  };
  const writes = [() => void acknowledged.push(submit()), end, () => library.db.run("pragma wal_checkpoint(truncate)"), () => library.db.run("pragma wal_checkpoint(passive)")];
  for (let round = 0, done = 0; done < cuts; round++) {
    const before = look();
    const known = [...acknowledged];
    writes[round % 8 < 4 ? 0 : random(writes.length)]!();
    const after = look();
    const isCheckpoint = !before.main.equals(after.main);
    for (let cut = 0; cut < cutsPerWrite && done < cuts; cut++, done++) {
      // A checkpoint syncs the database before the log that it came from is given up; one of the two is always whole.
      const files = isCheckpoint
        ? { main: tear(before.main, after.main, random), wal: before.wal }
        : { main: before.main, wal: tear(before.wal, after.wal, random) };
      const { check, ids, halves } = readAfterCut(files, done);
      const lost = known.filter((id) => !ids.has(id));
      if (check !== "ok" || lost.length > 0 || halves > 0) throw new Error(`cut ${done} in write ${round}: ${check}, ${lost.length} lost, ${halves} halves`);
    }
  }
  expect(acknowledged.length).toBeGreaterThan(10);
}, 300_000 + cuts * 100);

test.skipIf(!canTrace)("Q1, F46: the disk has been told to keep a job before it is acknowledged", async () => {
  const trace = join(folder.path, "trace");
  mkdirSync(folder.path, { recursive: true });
  const root = join(folder.path, "root");
  const script = join(import.meta.dir, "../testing", "submit-loop.ts");
  const child = Bun.spawn(["strace", "-f", "-o", trace, "-e", "trace=fsync,fdatasync,write,pwrite64", process.execPath, script, root], { stdout: "pipe", stderr: "ignore" });
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk, { stream: true });
    if (text.split("\n").length > 20) break;
  }
  for (const pid of childrenOf(child.pid)) process.kill(pid, "SIGKILL");
  await child.exited;
  let isSynced = false;
  let acknowledged = 0;
  for (const line of readFileSync(trace, "utf8").split("\n")) {
    if (/ (fsync|fdatasync)\(/.test(line)) isSynced = true;
    // The row goes into the log; from here on it is only as safe as the next sync.
    if (/ pwrite64\(/.test(line)) isSynced = false;
    if (!/ write\(1, "job-/.test(line)) continue;
    acknowledged++;
    expect(isSynced).toBe(true);
  }
  expect(acknowledged).toBeGreaterThan(10);
}, 60_000);

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
}
