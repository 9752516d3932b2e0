import { expect, test } from "bun:test";
import type { GenerationRequest } from "../../contract/job.ts";
import type { Lora } from "../../contract/lora.ts";
import { AppError } from "../../base/errors.ts";
import { freezePictures, withTriggers } from "./freeze-pictures.ts";
import type { JobLibrary } from "../ports.ts";
import { imageCapabilities } from "../testing/fake-backends.ts";

const lora = { id: "lor-1", characterId: "chr-1", name: "Ada v3", triggerWord: "adax7" } as Lora;
const library = {
  character: (id: string) => (id === "chr-1" ? { id, name: "Ada", triggerWord: "adax7" } : null),
  lora: (id: string) => (id === lora.id ? { lora, path: "/loras/adax7-v3.safetensors", fileName: "adax7-v3.safetensors" } : null),
} as JobLibrary;

const freeze = (request: Partial<GenerationRequest>) => freezePictures({ prompt: "in a garden", ...request }, imageCapabilities, library, false);

function codeOf(request: Partial<GenerationRequest>): string {
  try {
    freeze(request);
    return "accepted";
  } catch (error) {
    if (error instanceof AppError) return `${error.code} ${error.fields?.[0]?.path ?? ""}`.trim();
    throw error;
  }
}

test("production takes no LoRA of the simulator, fast-test takes any", () => {
  const made = { ...library, lora: () => ({ lora: { ...lora, simulated: true }, path: "/l", fileName: "l" }) } as unknown as JobLibrary;
  const request = { prompt: "in a garden", loras: [{ id: "lor-1", strength: 1 }] };
  expect(() => freezePictures(request, imageCapabilities, made, false)).toThrow("Ada v3 cannot be used in production.");
  expect(freezePictures(request, imageCapabilities, made, true).frozen.job.loras).toHaveLength(1);
});

test("what is not said is taken from the model, and what is frozen is complete", () => {
  const { frozen, characterName } = freeze({ loras: [{ id: "lor-1", strength: 0.9 }], seed: 7, count: 3, aspectRatio: "3:2" });
  expect(characterName).toBe("Ada");
  expect(frozen).toEqual({
    v: 1, characterId: "chr-1",
    job: {
      prompt: "adax7, in a garden", model: "flux-dev", seeds: [7, 8, 9], width: 1216, height: 832, steps: 20, guidance: 3.5,
      loras: [{ id: "lor-1", name: "Ada v3", fileName: "adax7-v3.safetensors", path: "/loras/adax7-v3.safetensors", strength: 0.9 }],
    },
  });
  expect(freeze({ model: "flux-schnell" }).frozen.job).toMatchObject({ steps: 4, guidance: null, width: 1024, height: 1024 });
});

test("sizes of one's own snap to blocks of 16 within the limits", () => {
  for (const [width, height] of [[257, 2047], [1000, 777], [256, 2048]] as const) {
    const { job } = freeze({ width, height }).frozen;
    expect([job.width % 16, job.height % 16]).toEqual([0, 0]);
    expect(Math.abs(job.width - width)).toBeLessThanOrEqual(8);
    expect(job.height).toBeLessThanOrEqual(2048);
  }
  expect(codeOf({ width: 512 })).toBe("invalid_input height");
});

test("seeds are whole numbers that a double holds exactly, also at the very end of the range", () => {
  const end = Number.MAX_SAFE_INTEGER;
  expect(freeze({ seed: end - 1, count: 4 }).frozen.job.seeds).toEqual([end - 1, end, 0, 1]);
  const random = freeze({ count: 8 }).frozen.job.seeds;
  expect(new Set(random).size).toBe(8);
  expect(random.every((seed) => Number.isSafeInteger(seed) && seed >= 0)).toBe(true);
});

test("what the backend cannot do is refused with the field", () => {
  expect(codeOf({ model: "sd15" })).toBe("invalid_input model");
  expect(codeOf({ count: 9 })).toBe("invalid_input count");
  expect(codeOf({ guidance: 10.5 })).toBe("invalid_input guidance");
  expect(codeOf({ steps: 51 })).toBe("invalid_input steps");
  expect(codeOf({ aspectRatio: "7:3" })).toBe("invalid_input aspectRatio");
  expect(codeOf({ aspectRatio: "3:2", width: 512, height: 512 })).toBe("invalid_input aspectRatio");
  expect(codeOf({ model: "flux-schnell", guidance: 2 })).toBe("not_supported guidance");
  expect(codeOf({ loras: [{ id: "lor-1", strength: 1.6 }] })).toBe("invalid_input loras.0.strength");
  expect(codeOf({ loras: [{ id: "lor-1", strength: 1 }, { id: "lor-1", strength: 0.5 }] })).toBe("invalid_input loras");
  expect(codeOf({ loras: [{ id: "lor-9", strength: 1 }] })).toBe("not_found");
  expect(codeOf({ characterId: "chr-9" })).toBe("not_found");
});

test("a trigger word is added only where the prompt lacks it as a word", () => {
  const added = (prompt: string) => withTriggers(prompt, [lora]);
  expect(added("photo of ADAX7 at sea")).toBe("photo of ADAX7 at sea");
  expect(added("photo of adax77")).toBe("adax7, photo of adax77");
  expect(added("my-adax7-x")).toBe("adax7, my-adax7-x");
  expect(withTriggers("at sea", [lora, { triggerWord: "e.v+a" }, lora])).toBe("adax7, e.v+a, at sea");
  expect(freeze({ loras: [{ id: "lor-1", strength: 1 }], addTrigger: false }).frozen.job.prompt).toBe("in a garden");
});
