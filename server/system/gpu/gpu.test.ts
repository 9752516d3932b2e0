import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GpuStatus } from "../../contract/system.ts";
import { createLog } from "../../base/log.ts";
import { temporaryFolder } from "../../testing/folder.ts";
import { waitFor } from "../../testing/wait.ts";
import { GpuWatch, type GpuWatchOptions } from "./gpu.ts";

let folder: ReturnType<typeof temporaryFolder>;
let changes: GpuStatus[];
let lines: string[];
beforeEach(() => {
  folder = temporaryFolder();
  changes = [];
  lines = [];
});
afterEach(() => folder.remove());

const simulator = join(import.meta.dir, "../../../plugins/nvidia-smi/testing/run.ts");

/** A program of this text, in the place of nvidia-smi. */
function fake(script: string): readonly string[] {
  const path = join(folder.path, "nvidia-smi");
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return [path];
}
const watch = (command: readonly string[] | null, options: Partial<GpuWatchOptions> = {}) =>
  new GpuWatch({ command: () => command, intervalMs: 30, onChange: (status) => changes.push(status), log: createLog({ write: (line) => lines.push(line) }, "info"), ...options });

const header = "index, uuid, name, memory.total [MiB], memory.used [MiB], utilization.gpu [%], temperature.gpu, power.draw [W], power.limit [W]";
const table = (...rows: string[]) => `cat <<'EOF'\n${[header, ...rows].join("\n")}\nEOF`;
const row = (index: number) => `${index}, GPU-${index}, NVIDIA GeForce RTX 4090, 24564 MiB, 812 MiB, 3 %, 35, 20.50 W, 450.00 W`;

describe("the GPU watch", () => {
  test("knows nothing before the first look", () => {
    expect(watch(null).status()).toMatchObject({ state: "unknown", checkedAt: null });
  });

  test("reads the simulator's answer", async () => {
    const status = await watch([process.execPath, simulator]).refresh();
    expect(status).toMatchObject({ state: "present", gpus: [{ index: 0, name: "Simulated GPU (fast-test)", memoryTotalMib: 24564, powerLimitW: 450 }] });
    expect(status.gpus[0]!.utilizationPercent).toBeWithin(0, 101);
    expect(Date.parse(status.checkedAt!)).toBeGreaterThan(0);
  });

  test("F62: finds columns by name, whatever their order, and takes [N/A] for unknown, not for zero", async () => {
    const status = await watch(fake(`cat <<'EOF'
WARNING: infoROM is corrupted at gpu 0000:01:00.0
name, power.draw [W], index, memory.used [MiB], uuid, memory.total [MiB], extra, temperature.gpu, utilization.gpu [%]
Tesla T4, [N/A], 0, 10 MiB, GPU-a, 15360 MiB, x, ERR!, [Not Supported]
NVIDIA H100, 70.12 W, 1, 0 MiB, GPU-b, 81559 MiB, x, 30, 0 %
EOF`)).refresh();
    expect(status.reason).toBe("2 GPUs answer.");
    expect(status.gpus).toEqual([
      { index: 0, uuid: "GPU-a", name: "Tesla T4", memoryTotalMib: 15360, memoryUsedMib: 10, utilizationPercent: null, temperatureC: null, powerW: null, powerLimitW: null, eccErrors: null, slowedBy: [], fault: null },
      { index: 1, uuid: "GPU-b", name: "NVIDIA H100", memoryTotalMib: 81559, memoryUsedMib: 0, utilizationPercent: 0, temperatureC: 30, powerW: 70.12, powerLimitW: null, eccErrors: null, slowedBy: [], fault: null },
    ]);
  });

  test("F62: says that there is no GPU where the program is missing or lists none", async () => {
    expect(await watch(null).refresh()).toMatchObject({ state: "none", reason: expect.stringContaining("Install the NVIDIA driver") });
    expect(await watch([join(folder.path, "absent")]).refresh()).toMatchObject({ state: "none", reason: expect.stringContaining("does not exist") });
    expect(await watch(fake("echo 'No devices were found'; exit 6")).refresh()).toMatchObject({ state: "none", gpus: [] });
  });

  test("gives the reason of a failure in the program's own words", async () => {
    const status = await watch(fake("echo \"NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\" >&2; exit 9")).refresh();
    expect(status).toMatchObject({ state: "error", reason: "nvidia-smi failed with exit code 9: NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver." });
    expect((await watch(fake("echo hello")).refresh()).reason).toBe("nvidia-smi answered with something that is not its table: hello");
  });

  test("Q22, F62: ends a program that hangs, with the children it started", async () => {
    const pidFile = join(folder.path, "pid");
    const gpu = watch(fake(`sleep 600 & echo $! > ${pidFile}; wait`), { deadlineMs: 300 });
    const start = performance.now();
    expect(await gpu.refresh()).toMatchObject({ state: "error", reason: expect.stringContaining("did not answer within 0.3 seconds") });
    expect(performance.now() - start).toBeLessThan(3000);
    const pid = Number(readFileSync(pidFile, "utf8"));
    await waitFor("the sleeper is gone", () => !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z "));
  });

  test("survives endless output", async () => {
    const status = await watch(fake("yes | head -c 5000000"), { deadlineMs: 5000 }).refresh();
    expect(status).toMatchObject({ state: "error", reason: "nvidia-smi answered with something that is not its table: y" });
  });

  test("F63: takes a GPU that vanishes for a fault, and for well again when it comes back", async () => {
    const command = fake(table(row(0), row(1)));
    const gpu = watch(command);
    expect((await gpu.refresh()).state).toBe("present");
    fake(table(row(0)));
    const lost = { memoryUsedMib: null, fault: { reason: "It does not answer any more.", stays: false } };
    expect(await gpu.refresh()).toMatchObject({ state: "error", reason: expect.stringContaining("Only 1 of 2 GPUs"), gpus: [{ index: 0, fault: null }, { index: 1, ...lost }] });
    fake("echo 'No devices were found'; exit 6");
    expect(await gpu.refresh()).toMatchObject({ state: "error", reason: expect.stringContaining("Only 0 of 2 GPUs"), gpus: [lost, lost] });
    expect(lines.length).toBe(2);
    fake(table(row(0), row(1)));
    expect(await gpu.refresh()).toMatchObject({ state: "present", gpus: [{ fault: null }, { fault: null }] });
  });

  test("F62: a driver that knows only the older names, or none of the newer fields, is asked for what it knows", async () => {
    const scenario = { ISENGARD_SIM_SCENARIO: "gpu-old" };
    expect(await watch([process.execPath, simulator], { env: scenario }).refresh()).toMatchObject({ state: "present", gpus: [{ powerLimitW: 450, slowedBy: [] }] });
    const ancient = watch(fake(`case "$1" in *ecc*) echo 'Field "ecc.errors.uncorrected.volatile.total" is not a valid field to query.'; exit 2;; esac\n${table(row(0))}`));
    expect(await ancient.refresh()).toMatchObject({ state: "present", gpus: [{ name: "NVIDIA GeForce RTX 4090", eccErrors: null }] });
  });

  test("F62: a GPU of which no value is known is there and well, and no number is made up", async () => {
    const status = await watch([process.execPath, simulator], { env: { ISENGARD_SIM_SCENARIO: "gpu-unknown" } }).refresh();
    expect(status).toMatchObject({ state: "present", gpus: [{ memoryTotalMib: null, memoryUsedMib: null, utilizationPercent: null, temperatureC: null, powerW: null, fault: null }] });
  });

  test.each([
    ["gpu-hang", "did not answer within 2 seconds"], ["gpu-lost", "nvidia-smi failed with exit code 15: Unable to determine the device handle for GPU0000:01:00.0: GPU is lost"],
    ["gpu-none", "Only 0 of 1 GPUs still answer"], ["gpu-no-driver", "couldn't communicate with the NVIDIA driver"],
  ])("F62, F63: after %s the GPU stays in the list with the reason, and is well again when it answers", async (scenario, reason) => {
    const env = { ISENGARD_SIM_SCENARIO: "ok" };
    const gpu = watch([process.execPath, simulator], { env, deadlineMs: 2000 });
    await waitFor("it answers", async () => (await gpu.refresh()).state === "present");
    env.ISENGARD_SIM_SCENARIO = scenario;
    await waitFor("the fault is seen", async () => (await gpu.refresh()).reason.includes(reason));
    expect(gpu.status()).toMatchObject({ state: "error", gpus: [{ index: 0, temperatureC: null, fault: { stays: false } }] });
    env.ISENGARD_SIM_SCENARIO = "ok";
    await waitFor("it is well again", async () => (await gpu.refresh()).state === "present");
    expect(gpu.status().gpus).toMatchObject([{ fault: null }]);
  });

  test("F63: of two GPUs only the one that is lost has a fault", async () => {
    const env = { ISENGARD_SIM_SCENARIO: "two-gpus" };
    const gpu = watch([process.execPath, simulator], { env });
    const uuids = (await gpu.refresh()).gpus.map(({ uuid }) => uuid);
    env.ISENGARD_SIM_SCENARIO = "gpu-lost-one";
    const { state, gpus } = await gpu.refresh();
    expect([state, gpus.map(({ uuid }) => uuid)]).toEqual(["error", uuids]);
    expect(gpus.map(({ fault }) => fault?.reason ?? null)).toEqual([null, "nvidia-smi says of it: GPU is lost."]);
  });

  test("F63: a GPU that is slowed down by heat says so and may be used", async () => {
    const status = await watch([process.execPath, simulator], { env: { ISENGARD_SIM_SCENARIO: "gpu-hot" } }).refresh();
    expect(status).toMatchObject({ state: "present", gpus: [{ slowedBy: ["heat"], temperatureC: 96, fault: null }] });
  });

  test("F63: new memory errors are a fault until a person says that the GPU is well, also over a restart of the server", async () => {
    const env = { ISENGARD_SIM_SCENARIO: "gpu-ecc" };
    let kept: string | null = null;
    const faults = { read: () => kept, write: (text: string) => void (kept = text) };
    const gpu = watch([process.execPath, simulator], { env, faults });
    expect(await gpu.refresh()).toMatchObject({ state: "present", gpus: [{ eccErrors: 3, fault: null }] });
    env.ISENGARD_SIM_SCENARIO = "gpu-ok-ecc";
    await gpu.refresh();
    env.ISENGARD_SIM_SCENARIO = "gpu-ecc";
    const fault = { reason: "Its memory has 3 new errors that could not be corrected (ECC).", stays: true };
    expect(await gpu.refresh()).toMatchObject({ state: "error", reason: expect.stringContaining("Nothing new is started on Simulated GPU"), gpus: [{ fault }] });
    const next = watch([process.execPath, simulator], { env, faults });
    expect(await next.refresh()).toMatchObject({ state: "error", gpus: [{ fault }] });
    expect(await next.resume(next.status().gpus[0]!.uuid)).toMatchObject({ state: "present", gpus: [{ fault: null }] });
    expect(await watch([process.execPath, simulator], { env, faults }).refresh()).toMatchObject({ state: "present" });
  });

  test("F63: what a job met stays until a person resumes the GPU, which is refused while nvidia-smi shows that it is not well", async () => {
    const env = { ISENGARD_SIM_SCENARIO: "ok" };
    const gpu = watch([process.execPath, simulator], { env });
    const [first] = (await gpu.refresh()).gpus;
    gpu.report(first!, "CUDA error: an illegal memory access was encountered.");
    await waitFor("it is shown", () => gpu.status().gpus[0]!.fault?.reason.includes("illegal memory access"));
    env.ISENGARD_SIM_SCENARIO = "gpu-lost";
    await waitFor("it is lost", async () => (await gpu.refresh()).gpus[0]!.fault?.stays === false);
    expect(gpu.resume(first!.uuid)).rejects.toMatchObject({ code: "conflict", why: expect.stringContaining("GPU is lost") });
    env.ISENGARD_SIM_SCENARIO = "ok";
    await waitFor("the job's word counts again", async () => (await gpu.fresh()).gpus[0]!.fault?.stays === true);
    expect(gpu.resume("GPU-nobody")).rejects.toMatchObject({ code: "not_found" });
    expect((await gpu.resume(first!.uuid)).gpus).toMatchObject([{ fault: null }]);
  });

  test("takes another command for another machine, so choosing the mode is no lost GPU", async () => {
    let command: readonly string[] | null = fake(table(row(0)));
    const gpu = watch(null, { command: () => command });
    expect((await gpu.refresh()).state).toBe("present");
    command = null;
    expect((await gpu.refresh()).state).toBe("none");
    command = [...fake("echo 'No devices were found'; exit 6"), "first-argument"];
    expect((await gpu.refresh()).state).toBe("none");
  });

  test("polls, tells only changes, and stops", async () => {
    const countFile = join(folder.path, "count");
    const gpu = watch(fake(`echo x >> ${countFile}; ${table(row(0))}`));
    const looks = () => (existsSync(countFile) ? readFileSync(countFile, "utf8").length / 2 : 0);
    gpu.start();
    await waitFor("it looked four times", () => looks() >= 4);
    gpu.stop();
    await gpu.refresh();
    const after = looks();
    await Bun.sleep(150);
    expect(looks()).toBe(after);
    expect(changes.length).toBe(1);
  });

  test("shares one look between all who ask at the same time, and passes no secrets on", async () => {
    process.env["HF_TOKEN"] = "planted";
    const outFile = join(folder.path, "env");
    const gpu = watch(fake(`env >> ${outFile}; ${table(row(0))}`), { env: { ISENGARD_SIM_SCENARIO: "ok" } });
    await Promise.all([gpu.refresh(), gpu.refresh(), gpu.refresh()]);
    delete process.env["HF_TOKEN"];
    const env = readFileSync(outFile, "utf8");
    expect(env.match(/CUDA_DEVICE_ORDER=PCI_BUS_ID/g)?.length).toBe(1);
    expect(env).toContain("ISENGARD_SIM_SCENARIO=ok");
    expect(env).not.toContain("planted");
  });
});
