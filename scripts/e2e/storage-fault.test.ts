import { afterEach, expect, test } from "bun:test";
import type { Character } from "../../server/contract/character.ts";
import type { SystemStatus } from "../../server/contract/system.ts";
import { canTrace, injectInto } from "../../server/testing/strace.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { startExecutable, type Started } from "../testing/executable.ts";
import { makeCharacter, post, startTraining, waitForEnd } from "../testing/story.ts";

/** Ten minutes are tried with ISENGARD_TEST_FAULT_SECONDS=600. */
const faultSeconds = Number(process.env["ISENGARD_TEST_FAULT_SECONDS"] ?? 8);
const servers: Started[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.dispose();
});

test.skipIf(!canTrace).each([["a sync that fails (EIO)", "fsync,fdatasync:error=EIO"], ["a write that finds no room (ENOSPC)", "pwrite64:error=ENOSPC"]])(
  `Q21, F38, F41: ${faultSeconds} seconds of %s: nothing acknowledged is lost, the server answers, the training ends well`,
  async (_, rule) => {
    const flags = ["--mode", "fast-test", "--simulate-speed", "3"];
    let server = await startExecutable({ flags });
    servers.push(server);
    const ada = await makeCharacter(server, "Ada", 3);
    const job = await startTraining(server, ada.id, { steps: 1200 });
    await waitFor("it trains", async () => ((await server.json<{ progress: { step: number } | null }>(`/api/training/${job.id}`)).progress?.step ?? 0) > 5, 60_000);

    const acknowledged = new Set<string>(["Ada"]);
    let refused = 0;
    const submit = async (name: string) => {
      const answer = await server.api("/api/characters", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name }) }).catch((error: unknown) => {
        throw new Error(`The server is gone. It printed:\n${server.printed()}`, { cause: error });
      });
      if (answer.ok) acknowledged.add(name);
      else refused++;
    };
    const heal = await injectInto(server.pid, rule);
    const end = performance.now() + faultSeconds * 1000;
    for (let n = 0; performance.now() < end; n++) {
      await submit(`During ${n}`);
      expect((await fetch(`${server.url}/health`, { signal: AbortSignal.timeout(3000) })).status).toBe(200);
      await Bun.sleep(100);
    }
    await heal();
    expect(refused).toBeGreaterThan(5);
    await waitFor("writes work again", async () => {
      await submit(`After ${acknowledged.size}`);
      return [...acknowledged].some((name) => name.startsWith("After"));
    });
    expect((await server.json<SystemStatus>("/api/status")).checks.length).toBeGreaterThan(3);
    await post(server, "/api/backups", {});
    await server.kill("SIGKILL");
    server = await startExecutable({ folder: server.folder, flags });
    servers[0] = server;
    expect(((await (await fetch(`${server.url}/health`)).json()) as { status: string }).status).toBe("healthy");
    const names = (await server.json<Character[]>("/api/characters")).map(({ name }) => name);
    expect([...acknowledged].filter((name) => !names.includes(name))).toEqual([]);
    expect(await waitForEnd(() => server, "training", job.id)).toMatchObject({ state: "succeeded", attempt: 1, failure: null });
  },
  180_000 + faultSeconds * 2000,
);
