import { expect, test } from "bun:test";
import { findEndlessWaits } from "./waits.ts";

test("Q22: a request without a signal and a program without a timeout are found, and those with a limit are not", () => {
  const judge = (text: string, file = "server/some.ts") => findEndlessWaits(file, text).length;
  expect(judge("await fetch(`${url}/health`)")).toBe(1);
  expect(judge("await fetch(url, { headers: make(a, b), signal: AbortSignal.timeout(5) })")).toBe(0);
  expect(judge("this.#fetch(path); server.fetch(request); prefetch(x)")).toBe(0);
  expect(judge("const child = Bun.spawn([python, '-c', text()], {\n  stdin: 'ignore' });")).toBe(1);
  expect(judge("const child = Bun.spawn([python], { timeout: limitMs });")).toBe(0);
  expect(judge("Bun.spawnSync(['df'])", "plugins/tool/disk.ts")).toBe(1);
  expect(judge("fetch(url)", "ui/api.ts")).toBe(0);
});
