import { expect, test } from "bun:test";
import { existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeFolders, mapPaths } from "../../files/paths.ts";
import { temporaryFolder } from "../../testing/folder.ts";
import { sweepDisk } from "./sweep.ts";

const hour = 3_600_000;

function plant(root: string, path: string, ageHours: number): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, Buffer.alloc(1000));
  const at = (Date.now() - ageHours * hour) / 1000;
  utimesSync(file, at, at);
  return file;
}

function folderWithEverything() {
  const folder = temporaryFolder();
  const paths = mapPaths(folder.path);
  makeFolders(paths);
  const put = (path: string, ageHours = 2000) => plant(folder.path, path, ageHours);
  const mine = [
    "data/photos/chr-1/pho-1.jpg", "data/loras/lor-1.safetensors", "data/outputs/out-1.png", "data/backups/b.state.db", "data/state.db", "data/secrets/token",
    "data/jobs/job-done/attempt-1/output/lora/a.safetensors", "data/jobs/job-done/output/samples/1.jpg", "data/jobs/job-live/attempt-1/train/pty.log",
    "data/jobs/job-unknown/attempt-1/train/pty.log", "logs/service.jsonl", "logs/jobs/job-live.jsonl",
  ].map((path) => put(path));
  const young = [put("data/uploads/upl-2.0", 0.1), put("data/jobs/job-done/attempt-2/train/pty.log", 5), put("logs/jobs/job-done.jsonl", 48)];
  const gone = [put("data/uploads/upl-1.0"), put("logs/service.jsonl.1"), put("data/jobs/job-done/attempt-1/train/pty.log"), put("data/thumbnails/pho-1.webp"), put("logs/jobs/job-old.jsonl")];
  const isFinished = (id: string) => id === "job-done" || id === "job-old";
  return { folder, paths, mine, young, gone, isFinished, [Symbol.dispose]: folder.remove };
}

test("an emergency deletes caches and old logs and nothing of the user's", async () => {
  using all = folderWithEverything();
  expect(await sweepDisk(all, Number.MAX_SAFE_INTEGER)).toEqual({ files: 5, bytes: 5000 });
  expect(all.gone.map((file) => existsSync(file))).toEqual([false, false, false, false, false]);
  for (const file of [...all.mine, ...all.young]) expect([file, existsSync(file)]).toEqual([file, true]);
});

test("no more is deleted than is needed, the least missed first", async () => {
  using all = folderWithEverything();
  expect(await sweepDisk(all, 1500)).toEqual({ files: 2, bytes: 2000 });
  expect(all.gone.map((file) => existsSync(file))).toEqual([false, false, true, true, true]);
});
