import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../server/testing/folder.ts";
import { unplacedSoFar } from "./unfit-loras.ts";

test("a LoRA that did not fit is still known when ComfyUI answers from its cache, until file, model or ComfyUI is another", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "mia.safetensors");
  const one = { instance: "one", dir: null };
  writeFileSync(path, "weights");
  const job = { model: "flux-dev", loras: [{ id: "a", name: "Mia", path, fileName: "mia.safetensors", strength: 0.9 }] };
  expect(unplacedSoFar(one, job, 0)).toBe(0);
  expect(unplacedSoFar(one, job, 40)).toBe(40);
  expect(unplacedSoFar(one, job, 0)).toBe(40);
  expect(unplacedSoFar({ ...one, instance: "two" }, job, 0)).toBe(0);
  expect(unplacedSoFar(one, { ...job, model: "flux-schnell" }, 0)).toBe(0);
  expect(unplacedSoFar(one, { ...job, loras: [] }, 0)).toBe(0);
  writeFileSync(path, "other weights");
  expect(unplacedSoFar(one, job, 0)).toBe(0);
});

test("it is still known after a restart of the server, while the same ComfyUI of ours lives", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "mia.safetensors");
  writeFileSync(path, "weights");
  const ask = async (instance: string, now: number): Promise<number> => {
    const script = `
      import { unplacedSoFar } from ${JSON.stringify(join(import.meta.dir, "unfit-loras.ts"))};
      const loras = [{ id: "a", name: "Mia", path: ${JSON.stringify(path)}, fileName: "mia.safetensors", strength: 1 }];
      console.log(unplacedSoFar({ instance: ${JSON.stringify(instance)}, dir: ${JSON.stringify(folder.path)} }, { model: "flux-dev", loras }, ${now}));`;
    return Number(await new Response(Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" }).stdout).text());
  };
  expect(await ask("one", 0)).toBe(0);
  expect(await ask("one", 40)).toBe(40);
  expect(await ask("one", 0)).toBe(40);
  expect(await ask("two", 7)).toBe(7);
  // What the life before did is forgotten with its life.
  expect(await ask("one", 0)).toBe(0);
});
