import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../server/testing/folder.ts";
import { unplacedSoFar } from "./unfit-loras.ts";

test("a LoRA that did not fit is still known when ComfyUI answers from its cache, until file, model or ComfyUI is another", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "mia.safetensors");
  writeFileSync(path, "weights");
  const job = { model: "flux-dev", loras: [{ id: "a", name: "Mia", path, fileName: "mia.safetensors", strength: 0.9 }] };
  expect(unplacedSoFar("one", job, 0)).toBe(0);
  expect(unplacedSoFar("one", job, 40)).toBe(40);
  expect(unplacedSoFar("one", job, 0)).toBe(40);
  expect(unplacedSoFar("two", job, 0)).toBe(0);
  expect(unplacedSoFar("one", { ...job, model: "flux-schnell" }, 0)).toBe(0);
  expect(unplacedSoFar("one", { ...job, loras: [] }, 0)).toBe(0);
  writeFileSync(path, "other weights");
  expect(unplacedSoFar("one", job, 0)).toBe(0);
});
