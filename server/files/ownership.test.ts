import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../testing/folder.ts";
import { type Account, openParent, strangerMayWrite } from "./ownership.ts";

const uid = process.getuid!();
const me: Account = { uid, name: "me", isPrivateGroup: () => true };
const stranger: Account = { uid: uid + 1, name: "somebody else", isPrivateGroup: () => true };
const withSharedGroup: Account = { ...me, isPrivateGroup: () => false };
let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => void (folder = temporaryFolder()));
afterEach(() => folder.remove());

function make(name: string, mode: number): string {
  const path = join(folder.path, name);
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
}

test("a folder is judged by its owner, by what all may do, and by its group where others are in it", () => {
  expect(strangerMayWrite(make("own", 0o755), me)).toBeNull();
  expect(strangerMayWrite(make("missing-below", 0o755) + "/none", me)).toBeNull();
  expect(strangerMayWrite(make("of-another", 0o700), stranger)).toContain("belongs to");
  expect(strangerMayWrite(make("open", 0o757), me)).toContain("Every user");
  expect(strangerMayWrite(make("sticky", 0o1777), me)).toContain("Every user");
  expect(strangerMayWrite(make("private-group", 0o775), me)).toBeNull();
  expect(strangerMayWrite(make("shared-group", 0o775), withSharedGroup)).toContain("group");
});

test("a link is judged by what it leads to", () => {
  const target = join(folder.path, "target");
  writeFileSync(target, "x");
  const link = join(folder.path, "link");
  symlinkSync(target, link);
  chmodSync(target, 0o600);
  expect(strangerMayWrite(link, me)).toBeNull();
  chmodSync(target, 0o666);
  expect(strangerMayWrite(link, me)).toContain("Every user");
  symlinkSync(join(folder.path, "nowhere"), join(folder.path, "dangling"));
  expect(strangerMayWrite(join(folder.path, "dangling"), stranger)).toContain("belongs to");
});

test("a folder above counts only where anybody could put another in its place", () => {
  const open = make("parent", 0o777);
  mkdirSync(join(open, "mine"));
  expect(openParent(join(open, "mine"))).toBe(open);
  chmodSync(open, 0o1777);
  expect(openParent(join(open, "mine"))).toBeNull();
});
