import { Database } from "bun:sqlite";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newId } from "../../base/ids.ts";
import { createLog } from "../../base/log.ts";
import { createBus } from "../../events/bus.ts";
import { JobStore } from "../store/store.ts";
import { openDatabase } from "../../db/open.ts";
import { mapPaths } from "../../files/paths.ts";

/**
 * One life of a job, ended by the system before the given statement: `<root> <statement>`. Ends with 0 when the life was
 * over first. The statements of transactions are counted too.
 */
const [root = "", last = ""] = process.argv.slice(2);
const db = openDatabase(mapPaths(root).stateDb, "FULL");
const store = new JobStore(db, createBus(() => {}), createLog({ write: () => {} }, "error"));

let count = 0;
const counted = new WeakSet<object>();
type Methods = Record<string, (...args: unknown[]) => unknown>;

function countOne(owner: object, method: string): void {
  const original = (owner as Methods)[method]!;
  (owner as Methods)[method] = function (this: unknown, ...args: unknown[]) {
    if (++count > Number(last)) process.kill(process.pid, "SIGKILL");
    return original.apply(this, args);
  };
}

function countAll<T extends object>(statement: T): T {
  if (!counted.has(statement)) for (const method of ["run", "get", "all"]) countOne(statement, method);
  counted.add(statement);
  return statement;
}

for (const maker of ["query", "prepare"] as const) {
  const original = Database.prototype[maker] as (...args: unknown[]) => object;
  (Database.prototype as unknown as Methods)[maker] = function (this: Database, ...args: unknown[]) {
    return countAll(original.apply(this, args));
  };
}

const id = newId("job");
const folder = join(mapPaths(root).jobs, id, "photos");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "1.jpg"), "photo");
store.insert({
  id, kind: "training", title: "Training", subject: "the training", characterId: null, backend: "fake", priority: 0, simulated: false,
  correlationId: "cor-1", idempotencyKey: "key", idempotencyHash: "hash", request: { prompt: "x" }, frozen: { v: 1, photos: [folder] },
});
store.claimNext("gpu", "token");
store.transition(id, "starting", { token: "token", why: "test" });
store.transition(id, "running", { token: "token", why: "test" });
store.adopt(id, "next", "test");
store.notes.addWarning(id, "next", "careful");
store.requestStop(id, "test");
store.transition(id, "cancelled", { token: "next", why: "test" });
process.stdout.write(`${count}\n`);
