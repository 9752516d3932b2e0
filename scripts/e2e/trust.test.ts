import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanEnv, executablePath } from "../testing/executable.ts";

/** Roots that others made or may write to, on the executable. Only root can make a folder of another user. */
const isRoot = process.getuid?.() === 0;
const nobody = 65534;
const limitMs = 20_000;
let place = "";
beforeAll(() => void (place = mkdtempSync(join(tmpdir(), "isengard-trust-"))));
afterAll(() => rmSync(place, { recursive: true, force: true }));

async function run(words: string[], cwd = place): Promise<{ code: number; text: string }> {
  const child = Bun.spawn([executablePath, ...words], { cwd, env: cleanEnv(), stdout: "pipe", stderr: "pipe", stdin: "ignore", timeout: limitMs });
  const [out, err, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  return { code, text: out + err };
}

/** A data folder with a program in its settings that leaves a mark when it is run. */
function hostile(name: string, change: (root: string) => void): { root: string; mark: string } {
  const root = join(place, name);
  const mark = join(place, `${name}-was-run`);
  mkdirSync(join(root, "data/secrets"), { recursive: true, mode: 0o700 });
  writeFileSync(join(root, "evil.sh"), `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
  writeFileSync(join(root, "isengard.json"), JSON.stringify({ mode: "production", nvidiaSmi: join(root, "evil.sh") }), { mode: 0o600 });
  writeFileSync(join(root, "data/secrets/token"), `${"t".repeat(50)}\n`, { mode: 0o600 });
  change(root);
  return { root, mark };
}

const cases: ReadonlyArray<readonly [name: string, change: (root: string) => void, flags: string[], said: string, needsRoot: boolean]> = [
  ["open-root", (root) => chmodSync(root, 0o777), [], "Every user", false],
  ["open-data", (root) => chmodSync(join(root, "data"), 0o777), [], "Every user", false],
  ["open-settings", (root) => chmodSync(join(root, "isengard.json"), 0o666), ["--trust-folder"], "isengard.json", false],
  ["open-token", (root) => chmodSync(join(root, "data/secrets/token"), 0o666), ["--trust-folder"], "secrets/token", false],
  ["foreign-root", (root) => chownSync(root, nobody, nobody), [], "belongs to", true],
  ["foreign-settings", (root) => chownSync(join(root, "isengard.json"), nobody, nobody), ["--trust-folder"], "isengard.json", true],
  ["foreign-token", (root) => chownSync(join(root, "data/secrets/token"), nobody, nobody), ["--trust-folder"], "secrets/token", true],
  ["shared-group", (root) => {
    chownSync(root, 0, 100);
    chmodSync(root, 0o770);
  }, [], "group", true],
];

for (const [name, change, flags, said, needsRoot] of cases) {
  test.skipIf(needsRoot && !isRoot)(`a root with ${name} is refused by every command, and nothing of it is run or believed`, async () => {
    const { root, mark } = hostile(name, change);
    for (const command of [["--no-open", "--port", "0"], ["doctor"], ["token"], ["link"], ["backup"], ["restore", "latest"]]) {
      const words = command[0]!.startsWith("--") ? [...command, "--data", root, ...flags] : [...command, "--data", root, ...flags];
      const { code, text } = await run(words);
      expect([command[0], code]).toEqual([command[0], 2]);
      expect(text).toContain(said);
      expect(text.length).toBeLessThan(900);
      expect(text).not.toContain("t".repeat(50));
    }
    expect(existsSync(mark)).toBe(false);
  }, 120_000);
}

test("the folder that it is started in is refused where anybody could replace it; a named one is not judged by what is above", async () => {
  const open = join(place, "open");
  mkdirSync(join(open, "mine"), { recursive: true });
  chmodSync(open, 0o777);
  expect((await run(["token"], join(open, "mine"))).text).toContain("may replace it");
  expect((await run(["token", "--data", join(open, "mine")])).text).toContain("no access token");
  expect((await run(["token", "--trust-folder"], join(open, "mine"))).text).toContain("no access token");
});

test("--trust-folder uses a folder that all may write to", async () => {
  const root = join(place, "trusted");
  mkdirSync(root);
  chmodSync(root, 0o777);
  expect((await run(["doctor", "--mode", "fast-test", "--data", root, "--trust-folder"])).code).toBe(0);
});

test("every command says a wrong setting, option, path or file in sentences, never as a stack", async () => {
  writeFileSync(join(place, "file"), "");
  const wrong: string[][] = [
    ["doctor", "--nonsense"], ["token", "--port", "abc"], ["link", "--data", "file"], ["backup", "--to"], ["backup", "--data", "file/below"],
    ["restore"], ["restore", "latest", "--prot", "1"], ["restore", "/nowhere/x.db", "--data", "new"], ["--host", "10.99.99.99", "--allow-plain-http", "--no-open", "--data", "new2", "--port", "0"],
    ["--host", "no-such-name.invalid", "--allow-plain-http", "--no-open", "--data", "new3", "--port", "0"], ["simulate", "nothing"], ["hold"], ["nonsense"], ["--data", "--port", "1"],
    ["simulate", "ai-toolkit", "--nonsense"], ["hold", "/nowhere"],
  ];
  for (const words of wrong) {
    const { code, text } = await run(words);
    expect([words.join(" "), code > 0 && code < 128]).toEqual([words.join(" "), true]);
    expect([words.join(" "), /\bat .*:\d+:\d+|\$bunfs|E[A-Z]{4,}[,:] |Bun v/.test(text)]).toEqual([words.join(" "), false]);
  }
}, 120_000);
