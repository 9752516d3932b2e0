import { afterEach, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import type { Photo } from "../../server/contract/character.ts";
import type { Job } from "../../server/contract/job.ts";
import type { ServiceStatus } from "../../server/contract/system.ts";
import { temporaryFolder } from "../../server/testing/folder.ts";
import { TcpProxy } from "../../server/testing/tcp-proxy.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { executablePath, startExecutable, type Started } from "../testing/executable.ts";
import { makeCharacter, outputsOf, startGeneration, startTraining, waitForEnd } from "../testing/story.ts";

let server: Started;
afterEach(async () => server?.dispose());

/** A third of what RunPod's proxy gives a request. */
const proxyGivesMs = 30_000;

test("F54: no route keeps a hosting proxy waiting, also while the tools start for minutes and a training goes on", async () => {
  server = await startExecutable({ flags: ["--mode", "fast-test", "--simulate-speed", "0.1", "--simulate-scenario", "slow-boot"] });
  await using proxy = await TcpProxy.to(Number(new URL(server.url).port));
  proxy.lifeMs = proxyGivesMs;
  const character = await makeCharacter(server, "Ada", 2);
  const [photo] = (await server.json<{ images: Photo[] }>(`/api/characters/${character.id}/images`)).images;
  const training = await startTraining(server, character.id, { steps: 500 });
  const pictures = await startGeneration(server, { count: 1 });
  const slow: string[] = [];
  const ask = async (method: string, path: string, body?: unknown) => {
    const begun = performance.now();
    const headers: Record<string, string> = { authorization: `Bearer ${server.token}`, connection: "close", ...(body === undefined ? {} : { "content-type": "application/json" }) };
    try {
      const answer = await fetch(`http://127.0.0.1:${proxy.port}${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }), redirect: "manual" });
      await answer.bytes();
      if (answer.status >= 500 && ![501, 503].includes(answer.status)) slow.push(`${method} ${path}: ${answer.status}`);
    } catch (error) {
      slow.push(`${method} ${path}: ${String(error)} after ${Math.round(performance.now() - begun)} ms`);
    }
  };
  const idFor = (path: string) => (path.startsWith("/api/characters") ? character.id : path.startsWith("/api/generation") ? pictures.id : training.id);
  const { paths } = await server.json<{ paths: Record<string, Record<string, unknown>> }>("/api/openapi.json");
  const readable = Object.entries(paths).filter(([path, methods]) => "get" in methods && !path.endsWith("/stream") && path !== "/api/events");
  expect(readable.length).toBeGreaterThan(30);
  const reading = readable.map(([path]) => ask("GET", path.replace("{id}", idFor(path)).replace("{file}", photo!.id).replace("{name}", "comfyui").replace(/\{[^}]+\}/g, "x")));
  await Promise.all([...reading, ask("GET", "/"), ask("GET", "/login")]);
  // Each of these begins something that takes long, or ends it.
  await Promise.all([
    ask("POST", "/api/services/comfyui/start"), ask("POST", "/api/backups"), ask("POST", "/api/mode", { mode: "fast-test" }),
    ask("POST", `/api/generation/${pictures.id}/run-now`), ask("POST", `/api/jobs/${training.id}/repeat`),
  ]);
  await Promise.all([ask("POST", `/api/training/${training.id}/cancel`), ask("POST", `/api/generation/${pictures.id}/cancel`), ask("POST", "/api/services/comfyui/stop")]);
  expect(slow).toEqual([]);
}, 180_000);

const descriptors = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;

test("F60: with 256 descriptors a flood of connections is refused, nothing breaks, and afterwards all is as before", async () => {
  using folder = temporaryFolder();
  const limited = join(folder.path, "limited.sh");
  writeFileSync(limited, `#!/bin/sh\nulimit -n 256\nexec ${executablePath} "$@"\n`, { mode: 0o755 });
  server = await startExecutable({ executable: limited, flags: ["--mode", "fast-test", "--simulate-speed", "20"] });
  const port = Number(new URL(server.url).port);
  const first = await startGeneration(server, { count: 1, seed: 1 });
  expect(await waitForEnd(() => server, "generation", first.id)).toMatchObject({ state: "succeeded" });
  await server.json("/api/boot");
  const base = descriptors(server.pid);
  const flood: Socket[] = [];
  for (let n = 0; n < 400; n++) flood.push(connect(port, "127.0.0.1").on("error", () => undefined));
  await waitFor("no descriptor is left", () => descriptors(server.pid) >= 250, 30_000);
  // A connection of before still works, or is told; nobody waits for ever and the process lives.
  const said = await server.api("/api/generation", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ prompt: "in need", count: 1 }), signal: AbortSignal.timeout(3_000) })
    .then(async (answer) => ({ status: answer.status, job: (await answer.json()) as Job }), () => null);
  for (const socket of flood) socket.destroy();
  await waitFor("descriptors are back", () => descriptors(server.pid) <= base + 8, 30_000);
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  // What was acknowledged in need is done as well.
  if (said?.status === 201) expect(await waitForEnd(() => server, "generation", said.job.id)).toMatchObject({ state: "succeeded" });
  const second = await startGeneration(server, { count: 2, seed: 2 });
  expect(await waitForEnd(() => server, "generation", second.id)).toMatchObject({ state: "succeeded" });
  expect((await outputsOf(server, second.id)).length).toBe(2);
  expect((await server.json<{ services: ServiceStatus[] }>("/api/status")).services.length).toBeGreaterThan(0);
  console.log(`asked in need: ${said === null ? "no answer" : said.status}`);
}, 120_000);
