import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LogEntry, LogPage } from "../../server/contract/log.ts";
import { LineSplitter } from "../../server/process/lines.ts";
import { processesOf, startExecutable, type Started } from "../testing/executable.ts";
import { artifactsOf, lorasOf, makeCharacter, metricsOf, outputsOf, startGeneration, startTraining, waitForEnd } from "../testing/story.ts";

const kills = Number(process.env["ISENGARD_TEST_KILLS"] ?? 20);
const seed = Number(process.env["ISENGARD_TEST_SEED"] ?? Date.now() % 100_000);
const random = createRandom(seed);
let server: Started;
afterAll(async () => server?.dispose());

test(`F01, F02: a training and generations end well although the server is killed ${kills} times (seed ${seed})`, async () => {
  const flags = ["--mode", "fast-test", "--simulate-speed", "3"];
  server = await startExecutable({ flags });
  const { folder } = server;
  const character = await makeCharacter(server, "Ada", 4);
  const training = await startTraining(server, character.id, { steps: 800 });
  let killed = await killAtRandom(flags, folder, Math.floor(kills / 2), () => isOpen("training", training.id));
  const trained = await waitForEnd(() => server, "training", training.id);
  expect(trained).toMatchObject({ state: "succeeded", attempt: 1, failure: null });
  await checkTraining(training.id);

  const [lora] = await lorasOf(server);
  const ids: string[] = [];
  // Generations are short, so new ones are started until the kills are spent.
  while (killed < kills) {
    const job = await startGeneration(server, { loras: [{ id: lora!.id, strength: 0.9 }], count: 4, seed: 100 * ids.length });
    ids.push(job.id);
    killed += await killAtRandom(flags, folder, Math.min(5, kills - killed), () => isOpen("generation", job.id));
    const ended = await waitForEnd(() => server, "generation", job.id);
    expect(ended).toMatchObject({ state: "succeeded", failure: null });
    await checkPictures(job.id, 4);
  }
  console.log(`${killed} kills, ${ids.length} generations, seed ${seed}`);
  expect(killed).toBeGreaterThanOrEqual(kills);
}, 600_000);

async function killAtRandom(flags: string[], folder: string, count: number, goesOn: () => Promise<boolean>): Promise<number> {
  let done = 0;
  while (done < count && (await goesOn())) {
    await Bun.sleep(150 + random() * 1200);
    if (!(await goesOn())) break;
    await server.kill("SIGKILL");
    done++;
    await Bun.sleep(random() * 400);
    server = await startExecutable({ folder, flags });
  }
  return done;
}

async function isOpen(kind: string, id: string): Promise<boolean> {
  const job = await server.json<{ finishedAt: string | null }>(`/api/${kind}/${id}`);
  return job.finishedAt === null;
}

/** Compares what the page would show with what the tool itself left on the disk. */
async function checkTraining(id: string): Promise<void> {
  const jobDir = join(server.folder, "data/jobs", id);
  const attempts = readdirSync(jobDir).filter((name) => name.startsWith("attempt-"));
  expect(attempts).toEqual(["attempt-1"]);

  const splitter = new LineSplitter();
  const printed = [...splitter.push(readFileSync(join(jobDir, "attempt-1/train/pty.log"))), ...splitter.end()].filter((line) => !line.redraw);
  const logged = (await allEntries(id)).filter((entry) => entry.event === "tool.line");
  expect(logged.map((entry) => entry.fields["offset"])).toEqual(printed.map((line) => line.offset));
  const lineNumbers = (await allEntries(id)).map((entry) => entry.line);
  expect(lineNumbers).toEqual(lineNumbers.map((_, index) => index + 1));

  const output = join(jobDir, "output", readdirSync(join(jobDir, "output"))[0]!);
  const db = new Database(join(output, "loss_log.db"), { readonly: true });
  const truth = db.query<{ step: number; value_real: number }, []>("select step, value_real from metrics where key = 'loss/loss' order by step").all();
  db.close();
  const shown = (await metricsOf(server, id)).find((series) => series.key === "loss/loss")!.points;
  expect(truth.length).toBeGreaterThan(100);
  expect(shown.map(([step]) => step)).toEqual(truth.map((row) => row.step));

  const samples = readdirSync(join(output, "samples")).filter((name) => /^\d+__\d{9}_\d+\.jpg$/.test(name));
  const known = (await artifactsOf(server, id)).filter((artifact) => artifact.kind === "sample");
  expect(known.length).toBe(samples.length);
  for (const artifact of known) expect((await server.api(artifact.url)).status).toBe(200);
}

async function checkPictures(id: string, count: number): Promise<void> {
  const outputs = await outputsOf(server, id);
  expect(outputs.map((output) => output.index).toSorted()).toEqual(Array.from({ length: count }, (_, index) => index));
  expect(new Set(outputs.map((output) => output.settings.seed)).size).toBe(count);
  for (const output of outputs) expect((await server.api(output.url)).headers.get("content-type")).toBe("image/png");
}

async function allEntries(id: string): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (;;) {
    const page = await server.json<LogPage>(`/api/jobs/${id}/logs/view?limit=1000&after=${entries.at(-1)?.line ?? 0}`);
    entries.push(...page.entries);
    if (page.entries.length === 0) return entries;
  }
}

test("nothing is left running once the server and its tools are ended", async () => {
  const { folder } = server;
  await server.dispose();
  expect(processesOf(folder)).toEqual([]);
}, 30_000);

/** Small, seeded and good enough to choose moments. */
function createRandom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
