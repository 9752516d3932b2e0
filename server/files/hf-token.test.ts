import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Paths } from "./paths.ts";
import { readHfToken, takeOverHfToken } from "./hf-token.ts";

test("a token in HF_TOKEN is kept in a private file when none was saved, and never replaces a saved one", () => {
  const dir = mkdtempSync(join(tmpdir(), "isengard-hf-"));
  try {
    const paths = { hfTokenFile: join(dir, "hf-token") } as Paths;
    expect([takeOverHfToken(paths, {}), takeOverHfToken(paths, { HF_TOKEN: "two words" }), readHfToken(paths)]).toEqual([false, false, null]);
    expect([takeOverHfToken(paths, { HF_TOKEN: " hf_first\n" }), readHfToken(paths)]).toEqual([true, "hf_first"]);
    expect(statSync(paths.hfTokenFile).mode & 0o777).toBe(0o600);
    expect([takeOverHfToken(paths, { HF_TOKEN: "hf_second" }), readHfToken(paths)]).toEqual([false, "hf_first"]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
