import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../server/testing/folder.ts";
import type { PluginSettings } from "../../plugin.ts";
import { foundVersion, missingPart, setupChecks } from "./setup.ts";
import { simulatorSettings } from "../testing-settings.ts";

const settings = (dir: string | null, python: string | null, baseModel: string | null): PluginSettings =>
  ({ ...simulatorSettings("ok", 1), mode: "production", aiToolkit: { dir, python }, baseModel });
const states = async (given: PluginSettings) => Object.fromEntries((await setupChecks(given)).map(({ id, state }) => [id, state]));

async function installation(folder: string, printsVersion: boolean): Promise<{ dir: string; python: string; model: string }> {
  const dir = join(folder, "ai-toolkit"), model = join(folder, "model"), python = join(folder, "python");
  for (const part of ["transformer", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "vae"]) mkdirSync(join(model, part), { recursive: true });
  await Bun.write(join(dir, "run.py"), "");
  await Bun.write(join(dir, "version.py"), 'VERSION = "0.12.26"\n');
  await Bun.write(python, printsVersion ? "#!/bin/sh\necho 2.9.1\n" : "#!/bin/sh\nexit 0\n");
  chmodSync(python, 0o755);
  return { dir, python, model };
}

test("a whole installation is green, and PyTorch's version was read", async () => {
  using folder = temporaryFolder();
  const { dir, python, model } = await installation(folder.path, true);
  const given = settings(dir, python, model);
  expect(await states(given)).toEqual({
    "ai-toolkit": "ok", "ai-toolkit-python": "ok", "ai-toolkit-model": "ok", "ai-toolkit-token": "ok",
  });
  expect((await setupChecks(given))[1]!.detail).toContain("PyTorch 2.9.1");
  expect(missingPart(given)).toBeNull();
});

test("a PyTorch that can use no GPU is said, unless the processor is to do it", async () => {
  using folder = temporaryFolder();
  const { dir, python, model } = await installation(folder.path, true);
  await Bun.write(python, "#!/bin/sh\necho 2.9.1+cpu\necho False\n");
  const given = settings(dir, python, model);
  expect((await setupChecks(given))[1]).toMatchObject({ state: "warning", detail: expect.stringContaining("no GPU") });
  expect((await setupChecks({ ...given, useProcessor: true }))[1]!.state).toBe("ok");
});

test("a Python that does not load PyTorch is not green", async () => {
  using folder = temporaryFolder();
  const { dir, python, model } = await installation(folder.path, false);
  expect(await states(settings(dir, python, model))).toMatchObject({ "ai-toolkit": "ok", "ai-toolkit-python": "error" });
});

test("a base model that is set as a folder must be there and look like one", async () => {
  using folder = temporaryFolder();
  const { dir, python } = await installation(folder.path, true);
  for (const [model, said] of [[join(folder.path, "nowhere"), "does not exist"], [dir, "has no folder transformer"], [join(dir, "run.py"), "is a single file"]] as const) {
    expect(missingPart(settings(dir, python, model))).toContain(said);
    // The token is not what is missing then.
    expect(await states(settings(dir, python, model))).toMatchObject({ "ai-toolkit-model": "error", "ai-toolkit-token": "ok" });
  }
  expect(await states(settings(dir, python, "someone/flux"))).toMatchObject({ "ai-toolkit": "ok", "ai-toolkit-token": "warning" });
});

test("without the folder nothing is said about an environment inside it", async () => {
  expect(Object.keys(await states(settings(null, null, null)))).toEqual(["ai-toolkit", "ai-toolkit-model", "ai-toolkit-token"]);
});

test("a model that has to be downloaded and is given to nobody without a token is missing; a training is not kept from asking the hub", async () => {
  using folder = temporaryFolder();
  const { dir, python } = await installation(folder.path, true);
  const given = settings(dir, python, null);
  expect(await states(given)).toMatchObject({ "ai-toolkit": "ok", "ai-toolkit-token": "error" });
  expect(missingPart(given)).toBeNull();
});

test("where a base model from the hub lies or will lie is said", async () => {
  using folder = temporaryFolder();
  const model = join(folder.path, "models--black-forest-labs--FLUX.1-dev");
  const said = async () => (await setupChecks(settings(null, null, null))).find(({ id }) => id === "ai-toolkit-model")!;
  const before = process.env["HF_HUB_CACHE"];
  process.env["HF_HUB_CACHE"] = folder.path;
  try {
    expect((await said()).detail).toStartWith(`black-forest-labs/FLUX.1-dev (33.7 GB) is downloaded into ${model} by the first training.`);
    mkdirSync(join(model, "blobs"), { recursive: true });
    await Bun.write(join(model, "blobs", "part"), "");
    truncateSync(join(model, "blobs", "part"), 13_700_000_000);
    expect((await said()).detail).toContain("20.0 GB of 33.7 GB are missing");
    truncateSync(join(model, "blobs", "part"), 33_700_000_000);
    expect(await said()).toMatchObject({ state: "ok", detail: `black-forest-labs/FLUX.1-dev is in ${model}.` });
  } finally {
    if (before === undefined) delete process.env["HF_HUB_CACHE"];
    else process.env["HF_HUB_CACHE"] = before;
  }
});

test("the version is the one of the folder, and none is made up", async () => {
  using folder = temporaryFolder();
  const { dir } = await installation(folder.path, true);
  await Bun.write(join(dir, "version.py"), 'VERSION = "0.13.1"\n');
  expect(foundVersion(settings(dir, null, null))).toBe("0.13.1");
  expect(foundVersion(settings(folder.path, null, null))).toBeNull();
  expect(foundVersion({ ...settings(dir, null, null), mode: "fast-test" })).toBeNull();
});
