import { describe, expect, test } from "bun:test";
import type { TrainingJob } from "../../interfaces/training.ts";
import { buildConfig, type JobPlaces, UnsafeConfig } from "./config.ts";
import { ownParameters, parameters } from "../parameters.ts";
import { trainingPresets } from "../presets.ts";

const places: JobPlaces = { datasetDir: "/data/ds", trainingDir: "/data/out", controlDb: "/data/control.db" };

function jobWith(change: Partial<TrainingJob> = {}): TrainingJob {
  return { name: "ada_v1", triggerWord: "ohwx", baseModel: "black-forest-labs/FLUX.1-dev", photos: [], values: trainingPresets(12)[1]!.values, ...change };
}

function withPrompts(...samplePrompts: string[]): TrainingJob {
  return jobWith({ values: { ...jobWith().values, samplePrompts } });
}

/** What AI-Toolkit makes of the file: variables from the environment, then the name's token. */
function asToolkitReads(json: string, env: Record<string, string>): { config: { name: string; process: Array<{ sample: { prompts: string[] } }> } } {
  const expanded = json.replace(/\$\{([^}]+)\}/g, (_, name: string) => env[name] ?? `<${name} not set>`);
  const parsed = JSON.parse(expanded) as { config: { name: string } };
  return JSON.parse(JSON.stringify(parsed).replaceAll("[name]", parsed.config.name));
}

/** Where AI-Toolkit would cut a prompt, and the options that it would read. */
function flagsOf(prompt: string): string[] {
  return prompt.split("--").slice(1);
}

const written = parameters.filter((entry) => entry.supported && !ownParameters.includes(entry.name));

describe("the job file", () => {
  test("every supported parameter changes it", () => {
    const standard = jobWith().values;
    const before = buildConfig(jobWith(), places).json;
    for (const spec of written) {
      const changed: Record<string, unknown> = {
        int: Number(standard[spec.name]) + 1, float: Number(standard[spec.name]) / 2 + 0.001, bool: standard[spec.name] !== true,
        enum: spec.options?.find((option) => option.value !== standard[spec.name])?.value, intList: [512], stringList: ["another prompt"],
      };
      expect(buildConfig(jobWith({ values: { ...standard, [spec.name]: changed[spec.type] } }), places).json, spec.name).not.toBe(before);
    }
  });

  test("a missing or mistyped value is refused by its name", () => {
    // Jobs from before these existed lack them, and go on.
    for (const spec of written.filter(({ name }) => !["layerOffloading", "quantizeType"].includes(name))) {
      const values = { ...jobWith().values, [spec.name]: undefined };
      expect(() => buildConfig(jobWith({ values }), places), spec.name).toThrow(spec.name);
    }
  });

  test("keeps every checkpoint by a number that says so, for 0 keeps them only by an accident of the program", () => {
    for (const steps of [1, 800, 20_000]) {
      const { save } = (JSON.parse(buildConfig(jobWith({ values: { ...jobWith().values, steps } }), places).json) as {
        config: { process: Array<{ save: { max_step_saves_to_keep: number } }> };
      }).config.process[0]!;
      expect(save.max_step_saves_to_keep).toBe(steps);
    }
  });

  test("the bits of the model are the tool's own until others are chosen, and all that are offered are ones that it knows", () => {
    const modelWith = (quantizeType?: string) => (JSON.parse(buildConfig(jobWith({ values: { ...jobWith().values, quantizeType: quantizeType as string } }), places).json) as {
      config: { process: Array<{ model: { qtype?: string } }> };
    }).config.process[0]!.model;
    const offered = parameters.find(({ name }) => name === "quantizeType")!.options!.map(({ value }) => String(value));
    // As ui/src/app/jobs/new/options.tsx of 0.12.26 lists them.
    expect(offered.filter((value) => !/^(qfloat8|float8|convrot[48]|nvfp4|convrotint[2-7]|uint[2-7])$/.test(value))).toEqual([]);
    expect([undefined, ...offered].map((value) => modelWith(value).qtype)).toEqual([undefined, undefined, "uint6", "uint4"]);
  });

  test("{trigger} in prompts becomes the trigger word", () => {
    expect(buildConfig(withPrompts("photo of {trigger}"), places).json).toContain('"photo of ohwx"');
    expect(buildConfig(withPrompts("photo of [Trigger], {TRIGGER}"), places).json).toContain('"photo of ohwx, ohwx"');
  });

  test("nothing a user writes is expanded, replaced or read as an option, and each change is said", () => {
    const nasty = ["a ${HF_TOKEN} b", "[name] in a park", "a --seed 7", "--w 99999", "x---y", "line\r\nbreak", "\u0000\u001b[31mred", "${${A}}", "[[name]]", "$\u0000{A}"];
    for (const prompt of nasty) {
      const { json, changes } = buildConfig(withPrompts(prompt), places);
      const read = asToolkitReads(json, { HF_TOKEN: "hf_secret", A: "leak" });
      const [sample] = read.config.process[0]!.sample.prompts;
      expect(read, prompt).toEqual(JSON.parse(json));
      expect(flagsOf(sample!), prompt).toEqual([]);
      expect(sample, prompt).not.toMatch(/\p{Cc}/u);
      expect(changes.length, prompt).toBeGreaterThan(0);
      for (const sentence of changes) expect(sentence).toMatch(/^Sample prompt 1 was changed .*\.$/);
    }
    const trigger = buildConfig(jobWith({ triggerWord: "${HOME} [name]" }), places);
    expect(asToolkitReads(trigger.json, { HOME: "/root" })).toEqual(JSON.parse(trigger.json));
    expect(trigger.changes.length).toBe(2);
  });

  test("harmless text is not touched, in any language", () => {
    const prompts = ["photo of Zoë in 東京, 24-megapixel", "a \"quoted\" \\ backslash, {braces} [triggers]", "well-known $100 bill"];
    const { json, changes } = buildConfig(withPrompts(...prompts), places);
    expect((JSON.parse(json) as { config: { process: Array<{ sample: { prompts: string[] } }> } }).config.process[0]!.sample.prompts).toEqual(prompts);
    expect(changes).toEqual([]);
  });

  test("ten thousand random texts come back from AI-Toolkit's reading as they were written", () => {
    const pieces = ["${", "}", "[name]", "[", "]", "[[name]]", "name]", "--", "-", "$", "{", "\n", "\\", '"', "é", "😀", "\ud800", " ", "A", "${PATH}", "[na", "me]", "\u2028"];
    let state = 7;
    const next = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
    for (let round = 0; round < 10_000; round++) {
      const text = Array.from({ length: 1 + Math.floor(next() * 8) }, () => pieces[Math.floor(next() * pieces.length)]).join("");
      const { json } = buildConfig({ ...withPrompts(text), triggerWord: text }, places);
      const read = asToolkitReads(json, { PATH: "leak" });
      expect(read).toEqual(JSON.parse(json));
      for (const prompt of read.config.process[0]!.sample.prompts) expect(flagsOf(prompt)).toEqual([]);
    }
  });

  test("paths and names that would be misread are refused", () => {
    expect(() => buildConfig(jobWith(), { ...places, datasetDir: "/data/${HOME}/x" })).toThrow(UnsafeConfig);
    expect(() => buildConfig(jobWith({ baseModel: "/models/[name]" }), places)).toThrow("the path /models/[name] as another one, because of the [name] in it");
    for (const name of ["", "a b", "a[1]", "a*", "../x", "optim", "samples", "c", "é"]) expect(() => buildConfig(jobWith({ name }), places), name).toThrow(UnsafeConfig);
  });
});

describe("presets", () => {
  test("steps follow the photos within their limits", () => {
    const steps = (photoCount: number) => trainingPresets(photoCount).map((preset) => preset.values.steps);
    expect([steps(3), steps(16), steps(20), steps(60)]).toEqual([[800, 1500, 2000], [960, 1600, 2080], [1200, 2000, 2600], [1200, 2500, 3500]]);
  });

  test("few photos are learned more carefully in high quality", () => {
    const high = (photoCount: number) => trainingPresets(photoCount)[2]!.values;
    expect([high(9).learningRate, high(10).learningRate, high(14).rank, high(15).rank]).toEqual([5e-5, 1e-4, 16, 32]);
  });
});
