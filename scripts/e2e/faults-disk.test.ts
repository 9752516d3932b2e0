import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Character } from "../../server/contract/character.ts";
import type { ErrorBody } from "../../server/contract/error.ts";
import { run, smallDisk } from "../../server/testing/mount.ts";
import { drawPicture } from "../../server/testing/pictures.ts";
import { canTrace, injectInto } from "../../server/testing/strace.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { endLeftovers, startExecutable, type Started } from "../testing/executable.ts";
import { expectSound } from "../testing/soundness.ts";
import { makeCharacter, outputsOf, post, startGeneration, startTraining, waitForEnd } from "../testing/story.ts";

const flags = ["--mode", "fast-test", "--simulate-speed", "20"];
const small = { count: 1, width: 256, height: 256, steps: 4 };
const canMount = ((): boolean => {
  using disk = smallDisk(4096);
  return disk !== null;
})();
const servers: Started[] = [];
const mounts: string[] = [];
afterEach(async () => {
  for (const server of servers) await server.kill("SIGTERM").then(() => endLeftovers(server.folder));
  for (const path of mounts.splice(0).reverse()) run(["umount", "-l", path]);
  for (const server of servers.splice(0)) await server.dispose();
});

async function start(options: Parameters<typeof startExecutable>[0] = {}): Promise<Started> {
  const server = await startExecutable({ flags, ...options });
  servers.push(server);
  return server;
}

function mountAt(path: string, sizeBytes: number): string {
  mkdirSync(path, { recursive: true });
  if (!run(["mount", "-t", "tmpfs", "-o", `size=${sizeBytes},mode=700`, "isengard-test", path])) throw new Error(`nothing could be mounted at ${path}`);
  mounts.push(path);
  return path;
}

const fill = (path: string) => void run(["sh", "-c", `cat /dev/zero > ${join(path, "filler")}`]);
const empty = (path: string) => rmSync(join(path, "filler"));

async function sendPhoto(server: Started, characterId: string, moreBytes = 0): Promise<{ status: number; text: string }> {
  const bytes = Buffer.concat([await drawPicture({ width: 640, height: 640, seed: 640 + moreBytes, format: "jpeg" }), Buffer.alloc(moreBytes)]);
  const form = new FormData();
  form.append("files", new File([bytes as BlobPart], "photo.jpg", { type: "image/jpeg" }));
  const answer = await server.api(`/api/characters/${characterId}/images`, { method: "POST", body: form });
  return { status: answer.status, text: await answer.text() };
}

test.skipIf(!canMount)("F39: a full disk of logs, of uploads or of pictures stops only what needs it, says so, and is over once there is room", async () => {
  const folder = mkdtempSync(join(tmpdir(), "isengard-exe-"));
  const [logs, uploads, outputs] = [mountAt(join(folder, "logs"), 2 ** 21), mountAt(join(folder, "data/uploads"), 2 ** 21), mountAt(join(folder, "data/outputs"), 2 ** 21)];
  const server = await start({ folder });
  const ada = await makeCharacter(server, "Ada", 2);
  for (const path of [logs, uploads, outputs]) fill(path);

  const refused = await sendPhoto(server, ada.id);
  expect(refused).toMatchObject({ status: 507, text: expect.stringContaining("no room left") });
  const training = await startTraining(server, ada.id, { steps: 100 });
  expect(await waitForEnd(() => server, "training", training.id)).toMatchObject({ state: "succeeded", attempt: 1, failure: null });
  const pictures = await startGeneration(server, small);
  const failed = await waitForEnd(() => server, "generation", pictures.id);
  expect(failed).toMatchObject({ state: "failed", failure: { code: "disk_full", fix: expect.stringMatching(/space/i) } });

  for (const path of [logs, uploads, outputs]) empty(path);
  expect((await sendPhoto(server, ada.id)).status).toBe(201);
  await post(server, `/api/jobs/${pictures.id}/retry`, {});
  expect(await waitForEnd(() => server, "generation", pictures.id)).toMatchObject({ state: "succeeded", failure: null });
  expect((await outputsOf(server, pictures.id)).length).toBe(1);
}, 180_000);

test("F40: a limit on the size of files refuses what is too large with its reason; everything else works and nothing half is left", async () => {
  const wrapper = ["sh", "-c", 'ulimit -f 16384; exec "$0" "$@"'];
  const server = await start({ wrapper });
  const ada = await makeCharacter(server, "Ada", 2);
  const large = await sendPhoto(server, ada.id, 9_000_000);
  expect(large.status).toBe(507);
  expect((JSON.parse(large.text) as ErrorBody).error).toMatchObject({ code: "storage_full", what: expect.stringContaining("no room") });
  expect((await sendPhoto(server, ada.id)).status).toBe(201);
  const training = await startTraining(server, ada.id, { steps: 100 });
  const pictures = await startGeneration(server, small);
  expect(await waitForEnd(() => server, "training", training.id)).toMatchObject({ state: "succeeded", attempt: 1, failure: null });
  expect(await waitForEnd(() => server, "generation", pictures.id)).toMatchObject({ state: "succeeded", attempt: 1, failure: null });
  expect((await server.json<Character>(`/api/characters/${ada.id}`)).photoCount).toBe(3);
  expect(Bun.spawnSync(["find", join(server.folder, "data"), "-name", "*.part"]).stdout.toString()).toBe("");
  await expectSound(server, [training.id, pictures.id]);
}, 180_000);

test.skipIf(!canTrace)("F41: a database that cannot be read for a while gives no wrong answer, takes nothing down and is well again afterwards", async () => {
  const first = await start();
  for (let n = 0; n < 5; n++) await makeCharacter(first, `Person ${n}`, 0);
  await first.kill("SIGTERM");
  const server = await start({ folder: first.folder });
  const names = async () => (await server.json<Character[]>("/api/characters")).map(({ name }) => name).sort();
  const known = ["Person 0", "Person 1", "Person 2", "Person 3", "Person 4"];
  const heal = await injectInto(server.pid, "pread64,read:error=EIO", { path: join(server.folder, "data/state.db") });
  for (let n = 0; n < 10; n++) {
    const answer = await server.api(n % 2 === 0 ? "/api/characters" : "/api/jobs?state=all");
    if (answer.ok) expect(n % 2 === 0 ? ((await answer.json()) as Character[]).length : 0).toBe(n % 2 === 0 ? known.length : 0);
    else expect(((await answer.json()) as ErrorBody).error.what).not.toBe("");
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  }
  await heal();
  expect(await names()).toEqual(known);
  const pictures = await startGeneration(server, small);
  expect(await waitForEnd(() => server, "generation", pictures.id)).toMatchObject({ state: "succeeded" });
  await expectSound(server, [pictures.id]);
}, 120_000);

test.skipIf(!canMount)("F44: a volume that vanishes under the server and comes back is said, loses nothing and is used again", async () => {
  const [folder, kept] = [mkdtempSync(join(tmpdir(), "isengard-exe-")), mkdtempSync(join(tmpdir(), "isengard-kept-"))];
  mountAt(folder, 2 ** 30);
  expect(run(["mount", "--bind", folder, kept])).toBe(true);
  mounts.push(kept);
  const server = await start({ folder });
  const ada = await makeCharacter(server, "Ada", 2);
  const before = await startGeneration(server, small);
  await waitForEnd(() => server, "generation", before.id);
  expect(run(["umount", "-l", folder])).toBe(true);
  expect(existsSync(join(folder, "data"))).toBe(false);

  const refused = await sendPhoto(server, ada.id);
  expect(refused.status).toBeGreaterThanOrEqual(500);
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  const checks = async () => (await server.json<{ checks: Array<{ state: string; detail: string }> }>("/api/status")).checks.filter(({ state }) => state === "error" || state === "unknown");
  await waitFor("the status says it", async () => (await checks()).some(({ detail }) => detail.includes("is gone")), 90_000);
  // What an open database took now would be seen by nobody, if the volume never came back.
  const asked = await server.api("/api/generation", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ ...small, prompt: "portrait in a garden", seed: 5 }) });
  expect([asked.status, await asked.text()]).toEqual([503, expect.stringContaining("not where it was")]);

  expect(run(["mount", "--bind", kept, folder])).toBe(true);
  await waitFor("photos are taken again", async () => (await sendPhoto(server, ada.id)).status === 201, 60_000);
  const after = await startGeneration(server, { ...small, seed: 5 });
  const ended = await waitForEnd(() => server, "generation", after.id);
  expect(ended).toMatchObject({ state: "succeeded", failure: null });
  await waitFor("the status is well again", async () => !(await checks()).some(({ detail }) => detail.includes("is gone")), 90_000);
  await expectSound(server, [before.id, after.id]);
}, 240_000);
