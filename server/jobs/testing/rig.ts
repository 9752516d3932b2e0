import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeSafetensors } from "../../../plugins/simulation/safetensors.ts";
import type { ToolHost } from "../../../plugins/plugin.ts";
import type { Job, JobState } from "../../contract/job.ts";
import type { Check, ServiceStatus } from "../../contract/system.ts";
import { newId } from "../../base/ids.ts";
import { createLog } from "../../base/log.ts";
import { JobLogs } from "../../logs/job-log.ts";
import { Redactor } from "../../logs/redact.ts";
import { openLibrary } from "../../testing/library.ts";
import { waitFor } from "../../testing/wait.ts";
import { Backends } from "../backends.ts";
import { childrenForJobs, createJobs, type Jobs, libraryForJobs, logsForJobs } from "../jobs.ts";
import type { CheckKeeper } from "../../base/tool-checks.ts";
import type { Services } from "../ports.ts";
import { FakePainter, FakeTrainer } from "./fake-backends.ts";
import { FakeDisk } from "./fake-disk.ts";
import { FakeGpus, type KnownGpu } from "./fake-gpus.ts";

const holder = [process.execPath, join(import.meta.dir, "..", "..", "process", "testing-hold.ts")];
const context = { correlationId: "cor-test", idempotencyKey: null };

/** A queue on real databases, a real library, a real bus and real logs; only the tools are functions of the test. */
export function openRig() {
  const library = openLibrary();
  const { db, bus, paths } = library;
  const trainer = new FakeTrainer();
  const painter = new FakePainter();
  const said: Array<Record<string, unknown>> = [];
  const log = createLog({ write: (line) => said.push(JSON.parse(line) as Record<string, unknown>) }, "debug");
  const statuses: ServiceStatus[] = [];
  const stopped: string[] = [];
  const services: Services = {
    acquire: () => Promise.reject(new Error("this test has no services")),
    stopService: async (name) => void stopped.push(name),
    statuses: () => statuses,
  };
  const backends = new Backends({ mode: "production", parts: [{ training: trainer, image: painter }] });
  const inOrder = { training: [] as Check[], image: [] as Check[] };
  const checks: CheckKeeper = { known: () => inOrder, recent: async () => inOrder, fresh: async () => inOrder };
  const redactor = new Redactor([]);
  const jobLogs = new JobLogs({ folder: paths.jobLogs, redactor, bus });
  const open = () => createJobs({
    db, bus, log, paths, self: holder, backends, services, library: libraryForJobs(library), jobLogs: logsForJobs(jobLogs),
    runChild: childrenForJobs(log), comfyuiUrl: () => null, redactor, checks, useProcessor: true,
    gpu, disk: rig.disk, timing: { random: () => 0.5, get scale() { return rig.waitScale; } },
  });
  const running: Jobs[] = [];
  const disk = new FakeDisk();
  const gpu = new FakeGpus(bus);
  const settings: { waitScale: number } = { waitScale: 0.01 };
  const rig = {
    ...library, ...settings, disk, gpu, trainer, painter, said, statuses, stopped, services, backends, jobLogs, redactor, log, open, jobs: null as unknown as Jobs,
    get gpus(): readonly KnownGpu[] | null {
      return gpu.known;
    },
    set gpus(known: readonly KnownGpu[] | null) {
      gpu.known = known;
    },
    /** A round of the queue has ended that began after this call. */
    async round() {
      const { dispatcher } = rig.jobs;
      const before = dispatcher.rounds;
      dispatcher.wake();
      await waitFor("a round of the queue has ended", () => dispatcher.rounds > before);
    },
    erase: () => library.erase(rig.jobs.persons),
    start() {
      rig.jobs.dispatcher.start();
      running.push(rig.jobs);
    },
    /** What a kill and a new start leave: the database as it is, and nothing in memory. */
    async restart() {
      for (const jobs of running.splice(0)) await jobs.dispatcher.stop();
      rig.jobs = open();
      rig.start();
    },
    /** As if it had been killed: nothing says that it stopped as asked. */
    async kill(how: "crashed" | null = null) {
      for (const jobs of running.splice(0)) await jobs.dispatcher.stop();
      db.query("update server_run set how = ?, ended_at = null where rowid = (select max(rowid) from server_run)").run(how);
      rig.jobs = open();
      rig.start();
    },
    async close() {
      for (const jobs of running.splice(0)) await jobs.dispatcher.stop();
      library.close();
    },
    character(name = "Ada", photoCount = 4) {
      const character = library.characters.create({ name, triggerWord: `${name.toLowerCase()}x7` });
      for (let index = 0; index < photoCount; index++) plantPhoto(rig.paths.photos, rig.db, character.id, `${name}-${index}`);
      return library.characters.get(character.id)!;
    },
    train: (characterId: string, key: string | null = null) =>
      rig.jobs.queue.submitTraining({ characterId, preset: "quick" }, { ...context, idempotencyKey: key }),
    paint: (prompt = "a portrait", count = 1) => rig.jobs.queue.submitGeneration({ prompt, count }, context),
    state: (id: string) => rig.jobs.store.get(id)!.state,
    until: (id: string, state: JobState): Promise<Job> =>
      waitFor(`${id} is ${state} (it is ${rig.state(id)})`, () => {
        const job = rig.jobs.store.get(id)!;
        return job.state === state ? job : null;
      }),
    path: (id: string) => rig.jobs.store.history(id).map((step) => step.to),
  };
  rig.jobs = open();
  return rig;
}
export type Rig = ReturnType<typeof openRig>;

function plantPhoto(folder: string, db: Rig["db"], characterId: string, content: string): void {
  const id = newId("pho");
  const path = join(folder, characterId, `${id}.jpg`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  const sha256 = new Bun.CryptoHasher("sha256").update(content).digest("hex");
  db.query(
    `insert into photo (id, character_id, sha256, original_name, media_type, width, height, size_bytes, created_at)
     values (?, ?, ?, 'a.jpg', 'image/jpeg', 1024, 1024, ?, '2026-01-01T00:00:00.000Z')`,
  ).run(id, characterId, sha256, content.length);
}

/** A LoRA file as a training leaves it. */
export function writeLora(host: ToolHost): string {
  const path = join(host.jobDir, "ada.safetensors");
  writeSafetensors(path, [{ name: "lora.down", shape: [4, 4] }], {}, 1);
  return path;
}

export function succeed(host: ToolHost) {
  return { kind: "succeeded", loraFile: writeLora(host), steps: 200, rank: 16, baseModel: "flux-dev" } as const;
}
