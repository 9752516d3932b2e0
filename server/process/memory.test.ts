import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../testing/folder.ts";
import { memoryGroup } from "../testing/memory-group.ts";
import { waitFor } from "../testing/wait.ts";
import { settleExit, toOutcome } from "./exit.ts";
import { isRunning } from "./identity.ts";
import { findMarked } from "./marker.ts";
import { type MemoryReading, readMemory } from "./memory.ts";
import { MemoryWatch, whyOutOfMemory } from "./memory-watch.ts";
import { childIdentity, readExit, readHolder } from "./records.ts";

setDefaultTimeout(60_000);

const tag = crypto.randomUUID();
const folder = temporaryFolder();
afterAll(() => folder.remove());

const machine = { "/proc/meminfo": "MemTotal:       1000 kB\nMemFree:  10 kB\nMemAvailable:    400 kB\n", "/proc/vmstat": "pgfault 7\noom_kill 9\n" };
const reading = (files: Record<string, string>) => readMemory((path) => ({ ...machine, ...files })[path] ?? "");

describe("what the kernel tells about memory", () => {
  test("without control groups it is that of the machine", () => {
    expect(reading({})).toEqual({ oomKills: 9, availableBytes: 400 * 1024, totalBytes: 1000 * 1024 });
  });

  test("with version 2 our group's counter and limit count, not the machine's; files that can be dropped are room", () => {
    const dir = "/sys/fs/cgroup/pod/a";
    const files = {
      "/proc/self/cgroup": "0::/pod/a\n", [`${dir}/memory.events`]: "low 0\nhigh 3\nmax 8\noom 2\noom_kill 1\noom_group_kill 0\n",
      [`${dir}/memory.max`]: "100000\n", [`${dir}/memory.current`]: "99000\n", [`${dir}/memory.stat`]: "anon 1\ninactive_file 500\n",
    };
    expect(reading(files)).toEqual({ oomKills: 1, availableBytes: 1500, totalBytes: 100_000 });
    expect(reading({ ...files, [`${dir}/memory.max`]: "max\n" })).toEqual({ oomKills: 1, availableBytes: 400 * 1024, totalBytes: 1000 * 1024 });
  });

  test("in a container the group's path is that of the host while its files lie at the root", () => {
    expect(reading({ "/proc/self/cgroup": "0::/../host/pod\n", "/sys/fs/cgroup/memory.events": "oom_kill 4\n" }).oomKills).toBe(4);
  });

  test("version 1 is read too, where several groups stand in the file", () => {
    const dir = "/sys/fs/cgroup/memory/pod";
    const files = {
      "/proc/self/cgroup": "9:name=systemd:/\n4:cpuacct,memory:/pod\n0::/\n", [`${dir}/memory.oom_control`]: "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
      [`${dir}/memory.limit_in_bytes`]: "9000\n", [`${dir}/memory.usage_in_bytes`]: "8900\n", [`${dir}/memory.stat`]: "total_inactive_file 50\n",
    };
    expect(reading(files)).toEqual({ oomKills: 2, availableBytes: 150, totalBytes: 9000 });
    expect(reading({ ...files, [`${dir}/memory.limit_in_bytes`]: "9223372036854771712\n" }).totalBytes).toBe(1000 * 1024);
  });

  test("where nothing is told nothing is claimed", () => {
    expect(readMemory(() => "")).toEqual({ oomKills: 0, availableBytes: null, totalBytes: null });
    expect(whyOutOfMemory({ oomKills: 0, lowestBytes: null, totalBytes: null })).toBeNull();
  });
});

/** A child that was killed with -9 while the kernel told these readings, one after the other. */
async function killedWhile(readings: MemoryReading[]) {
  const child = Bun.spawn(["sleep", "60"]);
  const watch = new MemoryWatch(() => readings.length > 1 ? readings.shift()! : readings[0]!);
  child.kill("SIGKILL");
  await child.exited;
  const memory = watch.end();
  return toOutcome({ kind: "signalled", signal: String(child.signalCode), endedAt: "", lostBytes: 0, memory }, false);
}

const plenty = { oomKills: 3, availableBytes: 8e9, totalBytes: 16e9 };

test("F18: a child killed with -9 is only said to have lacked memory when the kernel counted that or next to nothing was left", async () => {
  expect(await killedWhile([plenty])).toEqual({ kind: "signalled", signal: "SIGKILL", stopped: false });
  expect(await killedWhile([plenty, { ...plenty, oomKills: 4 }])).toMatchObject({ outOfMemory: expect.stringContaining("the kernel counted that") });
  expect(await killedWhile([plenty, { ...plenty, availableBytes: 1e8 }])).toMatchObject({ outOfMemory: expect.stringContaining("only 100 MB of 16,000 MB") });
  const exited = { kind: "exited", endedAt: "", lostBytes: 0, memory: { oomKills: 1, lowestBytes: 1, totalBytes: 9 } } as const;
  expect(toOutcome({ ...exited, code: 137 }, false)).toMatchObject({ code: 137, outOfMemory: expect.any(String) });
  expect(toOutcome({ ...exited, code: 1 }, false)).toEqual({ kind: "exited", code: 1, stopped: false });
});

test("F18: killed with -9 under a real holder while the machine has memory, it is killed and nothing else", async () => {
  const { outcome } = await inGroup((command) => [...command], "kill -9 $$");
  expect(outcome).toEqual({ kind: "signalled", signal: "SIGKILL", stopped: false });
});

const groupBytes = 400 * 1024 * 1024;
const probe = memoryGroup(groupBytes);
await probe?.remove();
if (probe === null) console.log("skipped: no control group with a memory limit may be made here (F19, P21)");

test.skipIf(probe === null).each([
  ["exec tail /dev/zero", { kind: "signalled", signal: "SIGKILL" }],
  ["tail /dev/zero", { kind: "exited", code: 137 }],
])("F19, P21: when memory runs out the kernel ends the child (%s) and not the server, and that is what is told", async (script, end) => {
  const group = memoryGroup(groupBytes)!;
  try {
    const { outcome, serverCode } = await inGroup(group.inside, script);
    expect(outcome).toMatchObject({ ...end, outOfMemory: expect.stringContaining("the kernel counted that") });
    expect(serverCode).toBe(0);
  } finally {
    await group.remove();
  }
});

/** A server with its holder and child, all in one control group; what the holder recorded of the end. */
async function inGroup(inside: (command: readonly string[]) => string[], script: string) {
  const runId = `run-memory-${crypto.randomUUID()}-${tag}`;
  const dir = join(folder.path, runId);
  const server = Bun.spawn(inside([process.execPath, join(import.meta.dir, "testing-server.ts"), dir, runId, script]), { stdout: "ignore", stderr: "inherit" });
  const serverCode = await server.exited;
  await waitFor("the holder is gone", () => {
    const holder = readHolder(dir);
    return readExit(dir) !== null && holder !== null && !isRunning(childIdentity(holder)) && !isRunning({ pid: holder.holderPid, start: holder.holderStart, bootId: holder.bootId });
  });
  expect(findMarked(runId)).toEqual([]);
  return { outcome: toOutcome(settleExit(dir, readHolder(dir)), false), serverCode };
}
