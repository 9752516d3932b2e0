import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openLibrary, plantJob, type TestLibrary } from "../testing/library.ts";

let library: TestLibrary;
let jobId: string;
let folder: string;
beforeEach(() => {
  library = openLibrary();
  jobId = plantJob(library, { kind: "training" });
  folder = join(library.paths.jobs, jobId, "samples");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "1.jpg"), "sample");
});
afterEach(() => library.close());

const sample = (path = join(folder, "1.jpg"), name = "1.jpg") => ({ kind: "sample" as const, name, path, step: 100, promptIndex: 0 });

test("a file of a job is told once, however often it is found", async () => {
  const artifact = library.artifacts.put(jobId, sample())!;
  expect(artifact).toMatchObject({ jobId, kind: "sample", name: "1.jpg", step: 100, promptIndex: 0, sizeBytes: 6 });
  expect(library.artifacts.put(jobId, sample())).toBeNull();
  expect(library.artifacts.list(jobId)).toEqual([artifact]);
  expect(library.artifacts.get("job-other", artifact.id)).toBeNull();
  expect(library.events).toEqual([{ type: "job.artifact", jobId, artifact }]);
  expect(await library.artifacts.file(artifact)!.text()).toBe("sample");
});

test("a file of a simulated job is simulated", () => {
  expect(library.artifacts.put(jobId, sample())!.simulated).toBe(false);
  library.db.query("update job set simulated = 1 where id = ?").run(jobId);
  expect(library.artifacts.list(jobId)).toMatchObject([{ simulated: true }]);
});

test("a file that is gone is not told, and one that goes later is not served", () => {
  expect(library.artifacts.put(jobId, sample(join(folder, "2.jpg"), "2.jpg"))).toBeNull();
  const artifact = library.artifacts.put(jobId, sample())!;
  rmSync(join(folder, "1.jpg"));
  expect(library.artifacts.file(artifact)).toBeNull();
});

test("a file that was set aside leaves the list, is said, and may come anew under its name", () => {
  const artifact = library.artifacts.put(jobId, sample())!;
  library.artifacts.drop(jobId, "1.jpg");
  library.artifacts.drop(jobId, "1.jpg");
  expect(library.artifacts.list(jobId)).toEqual([]);
  expect(library.events.slice(1)).toEqual([{ type: "job.artifact-gone", jobId, artifactId: artifact.id }]);
  expect(library.artifacts.put(jobId, sample())).not.toBeNull();
});

test("a file outside of the jobs' folder is refused, also behind a link", () => {
  expect(() => library.artifacts.put(jobId, sample("/etc/hostname", "a"))).toThrow("outside");
  symlinkSync("/etc/hostname", join(folder, "link.jpg"));
  expect(() => library.artifacts.put(jobId, sample(join(folder, "link.jpg"), "b"))).toThrow("outside");
  expect(library.artifacts.list(jobId)).toEqual([]);
});
