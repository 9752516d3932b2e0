import { expect, test } from "bun:test";
import { waitFor } from "../testing/wait.ts";
import { bootId, groupOf, identify, isRunning, isSame, signalGroupOf, signalProcess } from "./identity.ts";
import type { ProcessIdentity } from "./identity.ts";
import { findMarked } from "./marker.ts";

/** Marks are looked for on the whole machine, where the same tests may run a second time. */
const tag = crypto.randomUUID();

function sleeper(env: Record<string, string> = {}) {
  return Bun.spawn(["/bin/sleep", "20"], { env: { PATH: "/usr/bin:/bin", ...env }, detached: true });
}

test("P12, Q6, F14: a process is known by its start, so a stranger under its number is never signalled", async () => {
  const child = sleeper();
  const real = identify(child.pid) as ProcessIdentity;
  const earlier: ProcessIdentity = { ...real, start: String(Number(real.start) - 1) };
  const otherBoot: ProcessIdentity = { ...real, bootId: "another boot" };
  for (const stranger of [earlier, otherBoot]) {
    expect(isRunning(stranger)).toBe(false);
    expect(isSame(stranger, real)).toBe(false);
    expect(signalProcess(stranger, "SIGKILL")).toBe(false);
    expect(signalGroupOf(stranger, child.pid, "SIGKILL")).toBe(false);
  }
  expect(isRunning(real)).toBe(true);
  expect(groupOf(child.pid)).toBe(child.pid);
  expect(signalProcess(real, "SIGKILL")).toBe(true);
  await child.exited;
  expect(isRunning(real)).toBe(false);
  expect(signalProcess(real, "SIGKILL")).toBe(false);
});

test("a zombie does not run", async () => {
  const parent = Bun.spawn(["/bin/sh", "-c", "sleep 0 & echo $!; exec sleep 5"], { stdout: "pipe" });
  try {
    const { value } = await parent.stdout.getReader().read();
    const pid = Number(Buffer.from(value ?? []).toString());
    const zombie = await waitFor("it can be named", () => identify(pid));
    await waitFor("it ended", () => !isRunning(zombie));
    expect(identify(pid)).toEqual(zombie);
  } finally {
    parent.kill("SIGKILL");
    await parent.exited;
  }
});

test("P12: finds the processes of a run by their mark, and only those", async () => {
  const children = [sleeper({ ISENGARD_RUN: `run-mark-${tag}` }), sleeper({ ISENGARD_RUN: `run-mark-${tag}-2` }), sleeper({ NOT_ISENGARD_RUN: `run-mark-${tag}` })];
  try {
    const found = await waitFor("it is found", () => findMarked(`run-mark-${tag}`)[0]);
    expect(findMarked(`run-mark-${tag}`).map((each) => each.pid)).toEqual([children[0]?.pid as number]);
    expect(found.bootId).toBe(bootId());
  } finally {
    for (const child of children) {
      child.kill("SIGKILL");
      await child.exited;
    }
  }
});

test("there is no process with a number that nobody has", () => {
  expect(identify(2 ** 22 + 1)).toBeNull();
});
