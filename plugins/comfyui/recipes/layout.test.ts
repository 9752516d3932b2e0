import { describe, expect, test } from "bun:test";
import { chooseFiles } from "./layout.ts";
import type { NodeClasses } from "../protocol/object-info.ts";

/** A ComfyUI that lists these files; only the loaders matter here. */
function listing(files: Partial<Record<"ckpt_name" | "unet_name" | "clip_name1" | "vae_name", string[]>>): NodeClasses {
  const node = (name: string, inputs: Record<string, string[] | undefined>) => [name, {
    name, outputs: [], isOutput: false,
    inputs: new Map(Object.entries(inputs).map(([input, choices]) => [input, {
      name: input, required: true, type: "COMBO", choices: choices ?? [], fallback: undefined, min: null, max: null,
    }])),
  }] as const;
  return new Map([
    node("CheckpointLoaderSimple", { ckpt_name: files.ckpt_name }), node("UNETLoader", { unet_name: files.unet_name }),
    node("DualCLIPLoader", { clip_name1: files.clip_name1, clip_name2: files.clip_name1 }), node("VAELoader", { vae_name: files.vae_name }),
  ]);
}

const encoders = ["clip_l.safetensors", "t5xxl_fp8_e4m3fn.safetensors"];

describe("which files are used", () => {
  test("one checkpoint file is enough", () => {
    expect(chooseFiles("flux-dev", listing({ ckpt_name: ["sd15.safetensors", "flux1-dev-fp8.safetensors"] })))
      .toEqual({ ok: true, files: { kind: "checkpoint", checkpoint: "flux1-dev-fp8.safetensors" } });
  });

  test("complete split files win over a checkpoint", () => {
    const chosen = chooseFiles("flux-dev", listing({
      ckpt_name: ["flux1-dev-fp8.safetensors"], unet_name: ["flux1-dev-fp8.safetensors", "sub/flux1-dev.safetensors"], clip_name1: encoders, vae_name: ["pixel_space", "ae.safetensors"],
    }));
    expect(chosen).toEqual({ ok: true, files: { kind: "split", unet: "sub/flux1-dev.safetensors", clipL: encoders[0] ?? "", t5: encoders[1] ?? "", vae: "ae.safetensors" } });
  });

  test("other FLUX models are not taken for dev, nor dev for schnell", () => {
    const files = listing({ ckpt_name: ["flux1-fill-dev.safetensors", "flux1-dev-kontext_fp8.safetensors", "flux1-canny-dev.safetensors"] });
    expect(chooseFiles("flux-dev", files).ok).toBe(false);
    expect(chooseFiles("flux-schnell", listing({ ckpt_name: ["flux1-dev-fp8.safetensors"] })).ok).toBe(false);
  });

  test("pickled files are never chosen", () => {
    expect(chooseFiles("flux-dev", listing({ ckpt_name: ["flux1-dev-fp8.ckpt"] })).ok).toBe(false);
  });
});

describe("what is missing is said exactly", () => {
  test("nothing there: one file to download, its folder and its source", () => {
    const chosen = chooseFiles("flux-dev", listing({}));
    if (chosen.ok) throw new Error("Files were found.");
    expect(chosen.failure.code).toBe("missing_file");
    expect(chosen.failure.fix).toContain("flux1-dev-fp8.safetensors");
    expect(chosen.failure.fix).toContain("models/checkpoints");
  });

  test("split files without VAE and t5: exactly those two are named", () => {
    const chosen = chooseFiles("flux-dev", listing({ unet_name: ["flux1-dev.safetensors"], clip_name1: ["clip_l.safetensors"], vae_name: ["pixel_space"] }));
    if (chosen.ok) throw new Error("Files were found.");
    expect(chosen.failure.why).toContain("t5xxl_fp8_e4m3fn.safetensors in models/text_encoders");
    expect(chosen.failure.why).toContain("ae.safetensors in models/vae");
    expect(chosen.failure.why).not.toContain("clip_l.safetensors in");
  });

  test("an unknown model is refused with the known ones", () => {
    const chosen = chooseFiles("sdxl", listing({}));
    expect(chosen.ok === false && chosen.failure.fix).toBe("Choose one of flux-dev, flux-schnell.");
  });
});
