import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { totalmem } from "node:os";
import { getSchemaValidator } from "elysia";
import { SystemStatus, type Check, type GpuStatus } from "../contract/system.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { diskSpace, memory, osName } from "./machine.ts";
import { systemStatus, type StatusDeps } from "./status.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

const gib = 1024 ** 3;
const gpu = (state: GpuStatus["state"], checkedAt: string | null = "2026-11-21T00:00:00Z"): GpuStatus => ({ state, reason: "A reason.", gpus: [], checkedAt });
const deps = (changes: Partial<StatusDeps> = {}): StatusDeps => ({
  gpu: () => gpu("present"), services: () => [], checks: async () => [], root: folder.path, startedAt: performance.now() - 5000, ...changes,
});
const checkOf = async (id: string, changes: Partial<StatusDeps>) => (await systemStatus(deps(changes))).checks.find((check) => check.id === id)!;

describe("the system's status", () => {
  test("of a real machine has the promised shape and real numbers", async () => {
    const status = await systemStatus(deps());
    const validator = getSchemaValidator(SystemStatus)!;
    expect(validator.Check(status)).toBe(true);
    expect(validator.Check({ ...status, disk: null })).toBe(false);
    expect(status.disk.totalBytes).toBeGreaterThan(status.disk.freeBytes);
    expect(status.memory.processBytes).toBeWithin(1e6, 1e11);
    expect(status.memory.freeBytes).toBeLessThan(status.memory.totalBytes);
    expect(status.uptimeSeconds).toBe(5);
    for (const check of status.checks) expect(Date.parse(check.checkedAt!)).toBeGreaterThan(0);
  });

  test.each([[50, "ok"], [20, "ok"], [19.9, "warning"], [5, "warning"], [4.9, "error"], [0, "error"]])("with %d GiB free the disk is %s", async (free, state) => {
    const check = await checkOf("disk", { disk: async (path) => ({ freeBytes: free * gib, totalBytes: 100 * gib, path }) });
    expect(check.state).toBe(state as Check["state"]);
    expect(check.fix === "").toBe(state === "ok");
  });

  test("does not call a disk well that could not be read", async () => {
    const check = await checkOf("disk", { disk: () => Promise.reject(new Error("EIO: i/o error")) });
    expect(check).toMatchObject({ state: "unknown", checkedAt: null, detail: expect.stringContaining("EIO") });
  });

  test.each([["present", "ok"], ["none", "warning"], ["error", "error"], ["unknown", "unknown"]] as const)("a GPU that is %s gives %s", async (state, expected) => {
    expect((await checkOf("gpu", { gpu: () => gpu(state) })).state).toBe(expected);
  });

  test("F63: a GPU that is slowed down is a warning, and one with a fault says where it is taken up again", async () => {
    const one = { index: 0, uuid: "GPU-a", name: "NVIDIA H100", memoryTotalMib: null, memoryUsedMib: null, utilizationPercent: null, temperatureC: null, powerW: null, powerLimitW: null, eccErrors: null, slowedBy: ["heat"], fault: null };
    expect(await checkOf("gpu", { gpu: () => ({ ...gpu("present"), gpus: [one] }) })).toMatchObject({ state: "warning", detail: "NVIDIA H100 runs slower than it could, because of heat." });
    const fault = { id: "GPU-a", reason: "It broke.", since: "", stays: true };
    expect(await checkOf("gpu", { gpu: () => ({ ...gpu("error"), gpus: [{ ...one, fault }] }) })).toMatchObject({ state: "error", fix: expect.stringContaining("Home page") });
  });

  test("nothing is well without a check", async () => {
    const claimed: Check = { id: "tool", label: "Tool", state: "ok", detail: "", fix: "", checkedAt: null };
    expect((await checkOf("tool", { checks: async () => [claimed] })).state).toBe("unknown");
    expect((await checkOf("gpu", { gpu: () => gpu("present", null) })).state).toBe("unknown");
  });

  test("answers in time when a backend's check hangs or throws", async () => {
    const hanging = await checkOf("backends", { checks: () => new Promise(() => undefined), checksDeadlineMs: 50 });
    expect(hanging).toMatchObject({ state: "unknown", detail: expect.stringContaining("did not end") });
    expect((await checkOf("backends", { checks: () => Promise.reject(new Error("no python")) })).detail).toContain("no python");
  });
});

describe("the machine", () => {
  test("a folder that does not exist yet has the room of the one above it", async () => {
    const here = await diskSpace(folder.path);
    expect((await diskSpace(join(folder.path, "a", "b"))).totalBytes).toBe(here.totalBytes);
  });

  test("a container's memory limit counts, without its file caches", () => {
    const root = `${join(folder.path, "root")}/`;
    mkdirSync(`${root}sys/fs/cgroup`, { recursive: true });
    mkdirSync(`${root}etc`);
    writeFileSync(`${root}sys/fs/cgroup/memory.max`, "1000000\n");
    writeFileSync(`${root}sys/fs/cgroup/memory.current`, "900000\n");
    writeFileSync(`${root}sys/fs/cgroup/memory.stat`, "anon 5\ninactive_file 300000\n");
    writeFileSync(`${root}etc/os-release`, 'NAME="X"\nPRETTY_NAME="Test Linux 1 (one)"\n');
    expect(memory(root)).toMatchObject({ totalBytes: 1_000_000, freeBytes: 400_000 });
    expect(osName(root)).toBe("Test Linux 1 (one)");
    writeFileSync(`${root}sys/fs/cgroup/memory.max`, "max\n");
    expect(memory(root).totalBytes).toBe(totalmem());
  });

  test("an unknown system is named by its kernel", () => {
    expect(osName(`${folder.path}/nothing/`)).toMatch(/^\w+ \d/);
  });
});
