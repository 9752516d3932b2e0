import { afterAll, beforeAll, expect, test } from "bun:test";
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../testing/folder.ts";
import { safeOpen } from "./safe-open.ts";

const folder = temporaryFolder();
const root = join(folder.path, "root");
beforeAll(() => {
  mkdirSync(join(root, "inner"), { recursive: true });
  writeFileSync(join(folder.path, "canary"), "canary");
  writeFileSync(join(root, "inner", "photo.jpg"), "photo");
  symlinkSync(join(folder.path, "canary"), join(root, "link.jpg"));
  symlinkSync(folder.path, join(root, "outside"));
  symlinkSync(join(root, "inner"), join(root, "alias"));
  symlinkSync("loop", join(root, "loop"));
  symlinkSync(root, join(folder.path, "root-link"));
  linkSync(join(root, "inner", "photo.jpg"), join(root, "inner", "hard.jpg"));
});
afterAll(() => folder.remove());

test("opens a regular file below the root, also when the root itself is reached by a link", async () => {
  expect(await safeOpen(root, "inner/photo.jpg")!.text()).toBe("photo");
  expect(await safeOpen(join(folder.path, "root-link"), "inner/photo.jpg")!.text()).toBe("photo");
});

test.each([
  "", ".", "..", "/", "../canary", "inner/../../canary", "./inner/photo.jpg", "inner//photo.jpg", "inner/", "inner", "inner/photo.jpg/",
  "link.jpg", "outside/canary", "alias/photo.jpg", "loop", "missing.jpg", "inner\\photo.jpg", "inner/photo.jpg\0", "\0",   "..\\canary", "%2e%2e/canary", "....//canary", "/etc/passwd", "inner/photo.jpg/..", "~/x", "file:///etc/passwd",
])("gives nothing for %j", (name) => {
  expect(safeOpen(root, name)).toBeNull();
});

test("gives nothing for a name that is too long to be ours", () => {
  expect(safeOpen(root, "a".repeat(5000))).toBeNull();
});
