import { expect, test } from "bun:test";
import { ComfyClient } from "../protocol/client.ts";
import { readFixture } from "../fixtures/recording.ts";
import type { ModelFiles } from "./graph.ts";
import { tooLargeModels, weightsOf } from "./weights.ts";

const gib = 1024 ** 3;
/** What cards tell by themselves: an RTX 4090, a 5090 and a 3060. */
const card4090 = 25_386_352_640, card5090 = 34_190_458_880, card3060 = 12_622_168_064;

/** A ComfyUI with one device, and the files of a model on its disk; null: it lacks the route. */
async function tooLargeOn(device: object, files: ReadonlyArray<{ name: string; size: number }> | null): Promise<string[]> {
  using server = Bun.serve({
    port: 0, hostname: "127.0.0.1",
    fetch: (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/system_stats") return Response.json({ system: {}, devices: [device] });
      const isAsked = pathname === "/experiment/models/diffusion_models" && files !== null;
      return isAsked ? Response.json(files.map((file) => ({ ...file, pathIndex: 0, modified: 0, created: 0 }))) : new Response("", { status: 404 });
    },
  });
  return [...await tooLargeModels(new ComfyClient(server.url.href))];
}

const dev = { name: "flux1-dev.safetensors", size: 23_802_932_552 };
const dev8 = { name: "flux1-dev-fp8.safetensors", size: 11_901_525_888 };

test("FLUX.1 in 16 bits is too large for a GPU of 24 GB or less, and for none that has more", async () => {
  const cuda = (vram_total: number) => ({ type: "cuda", vram_total });
  expect(await tooLargeOn(cuda(card4090), [dev, dev8])).toEqual([dev.name]);
  expect(await tooLargeOn(cuda(card3060), [dev8, dev])).toEqual([dev.name]);
  expect(await tooLargeOn(cuda(card5090), [dev, dev8])).toEqual([]);
  expect(await tooLargeOn(cuda(80 * gib), [dev])).toEqual([]);
});

test("where nothing is known of GPU or sizes, nothing is changed", async () => {
  expect(await tooLargeOn({ type: "cpu", vram_total: 8 * gib }, [dev])).toEqual([]);
  expect(await tooLargeOn({ type: "mps", vram_total: 16 * gib }, [dev])).toEqual([]);
  expect(await tooLargeOn({ type: "cuda", vram_total: card4090 }, null)).toEqual([]);
  expect(await tooLargeOn({}, [dev])).toEqual([]);
  expect(await tooLargeModels(new ComfyClient("http://127.0.0.1:1"))).toEqual(new Set());
});

test("a file is known under both spellings of its folder; a checkpoint is loaded as it is", () => {
  const split = (unet: string): ModelFiles => ({ kind: "split", unet, clipL: "l", t5: "t", vae: "v" });
  const large = new Set(["flux/flux1-dev.safetensors"]);
  expect(weightsOf(split("flux\\flux1-dev.safetensors"), large)).toBe("fp8_e4m3fn");
  expect(weightsOf(split("flux1-dev.safetensors"), large)).toBe("default");
  expect(weightsOf({ kind: "checkpoint", checkpoint: "flux/flux1-dev.safetensors" }, large)).toBe("default");
});

test.each(["0.33.0", "0.3.64"] as const)("ComfyUI %s offers these weights", (version) => {
  const info = JSON.stringify(readFixture(version, "object-info.json"));
  expect(info).toContain('"weight_dtype":[["default","fp8_e4m3fn"');
});
