import { expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadToken } from "../api/gate/access.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { makeFolders, mapPaths } from "./paths.ts";
import { withPrivateSecrets } from "./secrets.ts";

test("secrets stay with the data where the volume keeps modes, also after somebody opened the folder", () => {
  using folder = temporaryFolder();
  const paths = mapPaths(folder.path);
  makeFolders(paths);
  chmodSync(dirname(paths.tokenFile), 0o755);
  expect(withPrivateSecrets(paths).tokenFile).toBe(paths.tokenFile);
  expect(statSync(dirname(paths.tokenFile)).mode & 0o777).toBe(0o700);
});

test("on a volume without modes the token moves to this machine, is a new one, and the old one is gone", () => {
  using folder = temporaryFolder();
  using home = temporaryFolder();
  const paths = mapPaths(folder.path);
  makeFolders(paths);
  const old = loadToken(paths.tokenFile);
  writeFileSync(paths.hfTokenFile, "hf_abc");
  const moved = withPrivateSecrets(paths, () => false, home.path);
  expect(moved.tokenFile.startsWith(join(home.path, ".isengard"))).toBe(true);
  expect([existsSync(paths.tokenFile), existsSync(paths.hfTokenFile), readFileSync(moved.hfTokenFile, "utf8")]).toEqual([false, false, "hf_abc"]);
  const fresh = loadToken(moved.tokenFile);
  expect(fresh).not.toBe(old);
  expect(statSync(moved.tokenFile).mode & 0o777).toBe(0o600);
  expect(loadToken(withPrivateSecrets(paths, () => false, home.path).tokenFile)).toBe(fresh);
});

test("a token that others can read is replaced", () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "token");
  const old = loadToken(file);
  expect(loadToken(file)).toBe(old);
  chmodSync(file, 0o644);
  expect(loadToken(file)).not.toBe(old);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});
