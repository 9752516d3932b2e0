import { afterAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { processesOf, startExecutable, type Started } from "../testing/executable.ts";
import { makeCharacter, post, startGeneration, startTraining, waitForEnd } from "../testing/story.ts";

let server: Started;
afterAll(async () => server?.dispose());

/** Built at run time, so that no scanner takes this file for a leak. */
const word = (n: number) => `${n.toString(36)}Qx7Lm2Pz9Rt4Vw6Yb8Nc`.repeat(2).slice(0, 34);
const shapes: ReadonlyArray<(n: number) => string> = [
  (n) => `hf_${word(n)}`,
  (n) => `rpa_${word(n).toUpperCase()}`,
  (n) => `ghp_${word(n).slice(0, 36).padEnd(36, "a")}`,
  (n) => `sk-${word(n)}`,
];
const planted = Array.from({ length: 200 }, (_, n) => shapes[n % shapes.length]!(n));

test("F64: 200 planted secrets appear in no log, no answer of the API and no argument of a process", async () => {
  const inEnvironment = Object.fromEntries(planted.slice(0, 40).map((secret, n) => [["HF_TOKEN", "RUNPOD_API_KEY", "AWS_SECRET_ACCESS_KEY", "MY_SECRET"][n % 4]! + (n < 4 ? "" : `_${n}`), secret]));
  server = await startExecutable({ flags: ["--mode", "fast-test", "--simulate-speed", "20"], env: inEnvironment });
  await server.json("/api/settings/hf-token", { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify({ token: planted[40] }) });

  // In words of a person that reach logs of tools: prompts and captions. They belong to the person, so the job keeps them; a log does not.
  const character = await makeCharacter(server, "Ada", 1);
  const training = await startTraining(server, character.id, { steps: 60, samplePrompts: planted.slice(41, 49).map((secret) => `portrait {trigger} ${secret}`) });
  const arguments_ = new Set<string>();
  const watch = setInterval(() => { for (const pid of processesOf(server.folder)) arguments_.add(commandLine(pid)); }, 50);
  await waitForEnd(() => server, "training", training.id);
  const generation = await startGeneration(server, { prompt: `a garden ${planted[49]}`, count: 1 });
  await waitForEnd(() => server, "generation", generation.id);
  clearInterval(watch);

  // In addresses, headers and reports of the browser.
  for (const secret of planted.slice(50, 120)) {
    await server.api(`/api/characters?token=${secret}`, { headers: { "x-api-key": secret, "user-agent": `agent ${secret}` } });
    await server.api(`/api/nothing/${secret}`);
  }
  for (let at = 120; at < 200; at += 40) {
    await post(server, "/api/client-logs", { entries: planted.slice(at, at + 40).map((secret) => ({ level: "error", message: `failed with ${secret}`, context: { authorization: `Bearer ${secret}`, nested: { url: `https://x/?api_key=${secret}` } } })) });
  }
  await Bun.sleep(300);

  const answers = await Promise.all([
    "/api/boot", "/api/info", "/api/status", "/api/settings", "/api/logs/view?limit=1000", `/api/jobs/${training.id}/logs/view?limit=1000`,
    `/api/jobs/${training.id}/logs`, `/api/jobs/${generation.id}/logs`, `/api/jobs/${training.id}/artifacts`, "/health", "/ready",
  ].map(async (path) => ({ where: path, text: await (await server.api(path)).text() })));
  // The person's own prompt stands in the job's request; it is not a leak that the job shows what was asked for.
  const own = new Set(planted.slice(41, 50));
  const found: string[] = [];
  const look = (where: string, text: string, secrets: readonly string[]) => {
    for (const secret of secrets) if (text.includes(secret)) found.push(`${where}: secret ${planted.indexOf(secret)}`);
  };
  for (const { where, text } of answers) look(where, text, where === "/api/boot" ? planted.filter((secret) => !own.has(secret)) : planted);
  for (const file of filesBelow(join(server.folder, "logs"))) look(file, readFileSync(file, "utf8"), planted);
  look("arguments of processes", [...arguments_].join("\n"), [...planted, server.token]);
  look("printed by the program", server.printed(), planted);
  for (const file of filesBelow(join(server.folder, "logs"))) expect(readFileSync(file, "utf8").includes(server.token)).toBe(false);
  expect(arguments_.size).toBeGreaterThan(2);
  expect(found).toEqual([]);
}, 120_000);

test("the token of Hugging Face lies in a file that only its owner may read, and the page learns only that it is set", async () => {
  const file = join(server.folder, "data/secrets/hf-token");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, "utf8").trim()).toBe(planted[40]!);
  expect(await server.json<{ hfTokenSet: boolean }>("/api/settings")).toMatchObject({ hfTokenSet: true });
});

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return ""; // it ended while we looked
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
