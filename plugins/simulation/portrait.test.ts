import { describe, expect, test } from "bun:test";
import { drawPortrait, type PortraitOptions } from "./portrait.ts";

const base: PortraitOptions = { width: 256, height: 320, seed: 42, prompt: "a photo of ada", clarity: 1, identity: "ada", format: "png" };

describe("a drawn portrait", () => {
  test("is a real picture of the size and format that were asked for", async () => {
    for (const format of ["jpeg", "png"] as const) {
      const bytes = await drawPortrait({ ...base, width: 1344, height: 768, format });
      expect(await new Bun.Image(bytes).metadata()).toEqual({ width: 1344, height: 768, format });
    }
  });

  test("is the same for equal options", async () => {
    expect(await drawPortrait(base)).toEqual(await drawPortrait({ ...base }));
  });

  test("changes with the prompt, the seed, the person, the strength and the clarity", async () => {
    const variants: Array<Partial<PortraitOptions>> = [
      {}, { prompt: "a photo of ada at the beach" }, { seed: 43 }, { identity: "bob" }, { identity: null }, { strength: 0.4 }, { clarity: 0.3 },
    ];
    const hashes = new Set<bigint>();
    for (const variant of variants) hashes.add(Bun.hash.xxHash64(await drawPortrait({ ...base, ...variant })));
    expect(hashes.size).toBe(variants.length);
  });

  test("gets noisier as the clarity falls", async () => {
    const sizes: number[] = [];
    for (const clarity of [1, 0.6, 0.2]) sizes.push((await drawPortrait({ ...base, clarity })).length);
    expect(sizes[1]).toBeGreaterThan(sizes[0]! * 1.5);
    expect(sizes[2]).toBeGreaterThan(sizes[1]!);
  });
});
