import { expect, test } from "bun:test";
import { sweep } from "./kill.ts";
import { runMark } from "./marker.ts";

test("a process that shows its mark only after the first look is found by the second", async () => {
  const runId = `job-second-look-${crypto.randomUUID()}`;
  // The first look is taken in the call itself, when nobody carries the mark; a spawn blocks until the child has its own environment.
  const swept = sweep({ runId, leader: null });
  const late = Bun.spawn(["/bin/sleep", "30"], { env: { [runMark]: runId }, stdio: ["ignore", "ignore", "ignore"] });
  await swept;
  expect(late.signalCode ?? (await Promise.race([late.exited.then(() => late.signalCode), Bun.sleep(5000).then(() => "still there")]))).toBe("SIGKILL");
  late.kill("SIGKILL");
});
