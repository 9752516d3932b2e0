import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate } from "../../server/db/migrate.ts";
import { stateMigrations } from "../../server/db/migrations/index.ts";
import { openDatabase } from "../../server/db/open.ts";
import { createBus } from "../../server/events/bus.ts";
import { newId } from "../../server/base/ids.ts";
import { JobStore } from "../../server/jobs/store/store.ts";
import { createLog } from "../../server/base/log.ts";
import type { Measure } from "./report.ts";

const jobs = 2000;

/** Claim and finish of one job after the other, each a durable transaction with its event, as the dispatcher does it. */
export function benchQueue(): Promise<Measure[]> {
  const folder = mkdtempSync(join(tmpdir(), "isengard-bench-queue-"));
  const db = openDatabase(join(folder, "state.db"), "FULL");
  migrate(db, { name: "state", steps: stateMigrations, backupFolder: folder });
  const store = new JobStore(db, createBus((error) => { throw error; }), createLog({ write: () => undefined }, "error"));
  for (let n = 0; n < jobs; n++) {
    store.insert({
      id: newId("job"), kind: "generation", title: `Job ${n}`, subject: "a job", characterId: null, backend: "bench", correlationId: "cor-bench",
      request: {}, frozen: {}, idempotencyKey: null, idempotencyHash: null, priority: 0, simulated: false,
    } as unknown as Parameters<JobStore["insert"]>[0]);
  }
  const started = performance.now();
  for (let n = 0; n < jobs; n++) {
    const claim = store.claimNext("gpu", crypto.randomUUID());
    if (claim === null) throw new Error(`only ${n} of ${jobs} jobs could be claimed`);
    for (const state of ["starting", "running", "succeeded"] as const) {
      if (store.transition(claim.job.id, state, { why: "bench", token: claim.token }) === "refused") throw new Error(`${state} was refused`);
    }
  }
  const seconds = (performance.now() - started) / 1000;
  db.close();
  rmSync(folder, { recursive: true, force: true });
  return Promise.resolve([{ name: "jobs claimed, started, run and finished, each step durable", value: jobs / seconds, unit: "jobs/s" }]);
}
