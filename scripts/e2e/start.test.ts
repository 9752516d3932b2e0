import { afterEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanEnv, executablePath, startExecutable, type Started } from "../testing/executable.ts";

const servers: Started[] = [];
const start = async (...args: Parameters<typeof startExecutable>) => {
  const server = await startExecutable(...args);
  servers.push(server);
  return server;
};
afterEach(async () => {
  for (const server of servers.splice(0)) await server.dispose();
});

async function run(words: string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  const child = Bun.spawn([executablePath, ...words], { cwd: options.cwd ?? tmpdir(), env: cleanEnv(options.env), stdout: "pipe", stderr: "pipe", stdin: "ignore" });
  const [out, err, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  return { out, err, code };
}

test("the link logs a browser in once, and not a second time", async () => {
  const server = await start();
  const first = await fetch(server.link, { redirect: "manual" });
  const cookie = first.headers.get("set-cookie")!;
  expect([first.status, first.headers.get("location")]).toEqual([303, "/"]);
  for (const part of ["HttpOnly", "SameSite=Strict", "Path=/"]) expect(cookie).toContain(part);
  const page = await fetch(`${server.url}/`, { headers: { cookie: cookie.split(";")[0]!, accept: "text/html" } });
  expect(await page.text()).toContain('"characters":[]');
  expect((await fetch(server.link, { redirect: "manual" })).headers.get("location")).toBe("/login?why=link");
});

test("F50: a second start on the same folder opens the running one instead of starting another", async () => {
  const server = await start();
  const second = await run(["--data", server.folder, "--no-open"]);
  expect(second.code).toBe(0);
  expect(second.out).toContain("already runs");
  expect(second.out).toContain(`${server.url}/open?code=`);
});

test("after a kill, another folder's Isengard on the old port is not taken for one's own", async () => {
  const killed = await start();
  await killed.kill("SIGKILL");
  const stranger = await start({ keepPort: true, env: { ISENGARD_PORT: new URL(killed.url).port } });
  expect(stranger.url).toBe(killed.url);
  const again = await start({ folder: killed.folder });
  expect(again.url).not.toBe(stranger.url);
});

test("F37: a port that was asked for and is taken is named with its owner and the next one", async () => {
  const server = await start();
  const port = Number(new URL(server.url).port);
  const folder = mkdtempSync(join(tmpdir(), "isengard-port-"));
  const second = await run(["--data", folder, "--no-open", "--port", String(port)]);
  rmSync(folder, { recursive: true });
  expect(second.code).toBe(1);
  expect(second.err).toContain(`Port ${port} is already used by`);
  expect(second.err).toContain("isengard");
  expect(second.err).toContain(`--port ${port + 1}`);
});

test("all that is wrong with the settings is said at once, with exit code 2", async () => {
  const { code, err } = await run(["--color", "red", "--port", "x"], { env: { ISENGARD_MODE: "quick", ISENGARD_NOPE: "1" } });
  expect(code).toBe(2);
  for (const word of ["--color", '"x"', '"quick"', "ISENGARD_NOPE"]) expect(err).toContain(word);
});

test("F65: nothing in the folder that it is started in is run or read", async () => {
  const folder = mkdtempSync(join(tmpdir(), "isengard-hostile-"));
  const mark = join(folder, "was-run");
  await Bun.write(join(folder, "evil.ts"), `require("node:fs").writeFileSync(${JSON.stringify(mark)}, "yes");`);
  await Bun.write(join(folder, "bunfig.toml"), 'preload = ["./evil.ts"]\n');
  await Bun.write(join(folder, ".env"), "ISENGARD_PORT=notaport\n");
  await Bun.write(join(folder, "package.json"), '{"type":"commonjs"}');
  const { code, out } = await run(["version"], { cwd: folder });
  const data = join(folder, "place");
  mkdirSync(data);
  const server = await start({ folder: data });
  expect([code, out.trim().length > 0, await Bun.file(mark).exists()]).toEqual([0, true, false]);
  await server.kill("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
});

test("Q18: SIGTERM ends the server within three seconds, and the token file is the owner's alone", async () => {
  const server = await start();
  expect(statSync(join(server.folder, "data/secrets/token")).mode & 0o777).toBe(0o600);
  const before = performance.now();
  expect(await server.kill("SIGTERM")).toBe(0);
  expect(performance.now() - before).toBeLessThan(3000);
});

test("Q18: a server that is told to end the moment it answers ends in order, and the next one starts", async () => {
  const folder = mkdtempSync(join(tmpdir(), "isengard-end-at-once-"));
  const port = String((await start()).url.split(":").pop()).replace("/", "");
  await servers.pop()!.dispose();
  for (let delayMs = 0; delayMs < 40; delayMs += 4) {
    const child = Bun.spawn([executablePath, "--mode", "fast-test", "--data", folder, "--no-open", "--port", port], { cwd: tmpdir(), env: cleanEnv(), stdio: ["ignore", "ignore", "pipe"] });
    while ((await fetch(`http://127.0.0.1:${port}/health`).catch(() => null))?.status !== 200) await Bun.sleep(1);
    await Bun.sleep(delayMs);
    child.kill("SIGTERM");
    expect([await child.exited, await new Response(child.stderr).text()]).toEqual([0, ""]);
  }
  rmSync(folder, { recursive: true });
}, 60_000);

test("token prints the token, doctor tells what is missing, help lists every option", async () => {
  const server = await start();
  expect((await run(["token", "--data", server.folder])).out.trim()).toBe(server.token);
  const doctor = await run(["doctor", "--mode", "production", "--data", server.folder]);
  expect(doctor.out).toContain("AI-Toolkit");
  expect(doctor.code).toBe(1);
  expect((await run(["--help"])).out).toContain("--comfyui-url");
});

test("without a mode the first page asks, and the answer is remembered over a restart", async () => {
  const server = await start({ flags: [] });
  expect((await server.json<{ mode: unknown }>("/api/info")).mode).toBeNull();
  const refused = await server.api("/api/training", { method: "POST", headers: { "content-type": "application/json" }, body: '{"characterId":"chr-x","preset":"quick"}' });
  expect(refused.status).toBeGreaterThanOrEqual(400);
  await server.json("/api/mode", { method: "POST", headers: { "content-type": "application/json" }, body: '{"mode":"fast-test"}' });
  expect((await server.json<{ mode: unknown }>("/api/info")).mode).toBe("fast-test");
  await server.kill("SIGTERM");
  const again = await start({ folder: server.folder, flags: [] });
  expect((await again.json<{ mode: unknown }>("/api/info")).mode).toBe("fast-test");
});
