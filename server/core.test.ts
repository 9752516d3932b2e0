import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "./base/config.ts";
import { createCore, type Core } from "./core.ts";
import { makeFolders, mapPaths } from "./files/paths.ts";
import { temporaryFolder } from "./testing/folder.ts";

let folder = temporaryFolder();
let core: Core | null = null;
beforeEach(() => { folder = temporaryFolder(); });
afterEach(() => {
  core?.close();
  core = null;
  folder.remove();
});

/** A server without a mode, whose driver has lost its only GPU. */
function coreWithLostGpu(flags: string[]): Core {
  const nvidiaSmi = join(folder.path, "nvidia-smi");
  writeFileSync(nvidiaSmi, "#!/bin/sh\necho 'Unable to determine the device handle for GPU0000:01:00.0: GPU is lost.'\nexit 15\n");
  chmodSync(nvidiaSmi, 0o700);
  const paths = mapPaths(join(folder.path, "place"));
  makeFolders(paths);
  core = createCore({ ...loadConfig({ flags: ["--nvidia-smi", nvidiaSmi, ...flags], env: {}, file: null }), paths, plugins: [], self: [process.execPath] });
  return core;
}

const faultsOf = ({ lanes }: Core) => (["training", "generation"] as const).map((kind) => lanes.faultFor(kind, lanes.names()[0]!) !== null);

test("pictures of a ComfyUI elsewhere need no GPU of this machine from when a person chooses the mode, as if a flag had set it", async () => {
  const { gpu, saved, engines, mode } = coreWithLostGpu(["--comfyui-url", "http://127.0.0.1:9"]);
  await gpu.refresh();
  expect(faultsOf(core!)).toEqual([true, true]);
  saved.set("mode", "production");
  expect(faultsOf(core!)).toEqual([true, false]);
  expect(engines.comfyuiUrl(mode())).toBe("http://127.0.0.1:9");
});

test("without such an address they need it", async () => {
  const { gpu, saved } = coreWithLostGpu([]);
  saved.set("mode", "production");
  await gpu.refresh();
  expect(faultsOf(core!)).toEqual([true, true]);
});
