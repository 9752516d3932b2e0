import { describe, expect, test } from "bun:test";
import { readFixture } from "../fixtures/recording.ts";
import type { Graph } from "../protocol/prompt-graph.ts";
import { fluxGraph, requiredClasses, type ModelFiles, type PictureSpec } from "./graph.ts";
import { parseObjectInfo, type NodeClasses } from "../protocol/object-info.ts";
import { filesLoadedBy, prepareGraph } from "../generation/preflight.ts";

const layouts: readonly ModelFiles[] = [
  { kind: "checkpoint", checkpoint: "flux1-dev-fp8.safetensors" },
  { kind: "split", unet: "flux1-dev.safetensors", clipL: "clip_l.safetensors", t5: "t5xxl_fp16.safetensors", vae: "ae.safetensors" },
];

function spec(given: Partial<PictureSpec>): PictureSpec {
  return {
    files: layouts[0] as ModelFiles, weights: "default", loras: [], prompt: "a \"quoted\" prompt with [name] and ${x}", seed: 2 ** 53 - 1, width: 896, height: 1152,
    steps: 20, guidance: 3.5, filenamePrefix: "isengard/job-x/0", ...given,
  };
}

function nodesOf(graph: Graph, className: string) {
  return Object.entries(graph).filter(([, node]) => node.class_type === className);
}

describe.each(["0.33.0", "0.3.64"] as const)("graphs against the node classes of ComfyUI %s", (version) => {
  const recorded = parseObjectInfo(readFixture(version, "object-info.json"));
  const classes: NodeClasses = withFiles(recorded);

  test.each(layouts.flatMap((files) => [3.5, null].flatMap((guidance) => [0, 1, 2].flatMap((count) => [false, true].map((textEncoder) =>
    ({ name: `${files.kind}, guidance ${guidance}, ${count} LoRAs, text encoder ${textEncoder}`, files, guidance, count, textEncoder }))))))(
    "$name: every class, input, link and type fits", ({ files, guidance, count, textEncoder }) => {
      const loras = ["a.safetensors", "b.safetensors"].slice(0, count).map((file) => ({ file, strength: 0.9, textEncoder }));
      const weights = count === 2 ? "fp8_e4m3fn" : "default";
      const prepared = prepareGraph(fluxGraph(spec({ files, weights, guidance, loras })), classes);
      if (!prepared.ok) throw new Error(prepared.failure.why);
      expect(problemsOf(prepared.graph, classes)).toEqual([]);
      expect(nodesOf(prepared.graph, "SaveImage")).toHaveLength(1);
    });
});

/** Types of links and presence of inputs, checked apart from the code under test. */
function problemsOf(graph: Graph, classes: NodeClasses): string[] {
  return Object.entries(graph).flatMap(([id, node]) => [...classes.get(node.class_type)?.inputs.values() ?? []].flatMap((input) => {
    const value = node.inputs[input.name];
    if (value === undefined) return input.required ? [`${id}.${input.name} is missing`] : [];
    if (!Array.isArray(value)) return [];
    const source = graph[value[0] as string];
    const type = source && classes.get(source.class_type)?.outputs[value[1] as number];
    return type === input.type ? [] : [`${id}.${input.name} wants ${input.type} and gets ${type}`];
  }));
}

function withFiles(classes: NodeClasses): NodeClasses {
  const files: Record<string, string[]> = {
    ckpt_name: ["flux1-dev-fp8.safetensors"], unet_name: ["flux1-dev.safetensors"], clip_name1: ["clip_l.safetensors"],
    clip_name2: ["t5xxl_fp16.safetensors"], vae_name: ["ae.safetensors"], lora_name: ["a.safetensors", "b.safetensors", "sub\\c.safetensors"],
  };
  return new Map([...classes].map(([name, info]) => [name, {
    ...info, inputs: new Map([...info.inputs].map(([input, known]) => [input, files[input] ? { ...known, choices: files[input] } : known])),
  }]));
}

test("the weights that were asked for are those of the loader of split files", () => {
  for (const weights of ["default", "fp8_e4m3fn"] as const) {
    const graph = fluxGraph(spec({ files: layouts[1] as ModelFiles, weights }));
    expect(nodesOf(graph, "UNETLoader").map(([, node]) => node.inputs["weight_dtype"])).toEqual([weights]);
    expect(JSON.stringify(fluxGraph(spec({ weights })))).not.toContain("weight_dtype");
  }
});

test("the prompt, seed and size arrive unchanged", () => {
  const graph = fluxGraph(spec({}));
  expect(nodesOf(graph, "CLIPTextEncode")[0]?.[1].inputs["text"]).toBe("a \"quoted\" prompt with [name] and ${x}");
  expect(nodesOf(graph, "KSampler")[0]?.[1].inputs).toMatchObject({ seed: 2 ** 53 - 1, steps: 20, cfg: 1, sampler_name: "euler", scheduler: "simple" });
  expect(nodesOf(graph, "EmptySD3LatentImage")[0]?.[1].inputs).toEqual({ width: 896, height: 1152, batch_size: 1 });
});

test("two LoRAs are chained, each with its strength", () => {
  const loras = [{ file: "a.safetensors", strength: 0.9, textEncoder: false }, { file: "b.safetensors", strength: 0.4, textEncoder: true }];
  const graph = fluxGraph(spec({ loras }));
  const first = nodesOf(graph, "LoraLoaderModelOnly")[0];
  const second = nodesOf(graph, "LoraLoader")[0];
  if (!first || !second) throw new Error("A loader is missing.");
  expect(first[1].inputs["strength_model"]).toBe(0.9);
  expect(second[1].inputs).toMatchObject({ model: [first[0], 0], lora_name: "b.safetensors", strength_model: 0.4, strength_clip: 0.4 });
  expect(nodesOf(graph, "KSampler")[0]?.[1].inputs["model"]).toEqual([second[0], 0]);
});

test("schnell gets neither guidance nor a shift", () => {
  for (const files of layouts) {
    const graph = fluxGraph(spec({ files, guidance: null, steps: 4 }));
    expect(nodesOf(graph, "FluxGuidance")).toEqual([]);
    expect(nodesOf(graph, "ModelSamplingFlux")).toEqual([]);
  }
});

describe("before a graph is sent", () => {
  const classes = withFiles(parseObjectInfo(readFixture("0.33.0", "object-info.json")));

  test("F35: all unknown classes are named at once", () => {
    const few = new Map([...classes].filter(([name]) => name !== "KSampler" && name !== "SaveImage"));
    const prepared = prepareGraph(fluxGraph(spec({})), few);
    expect(prepared.ok === false && prepared.failure.why).toBe("This ComfyUI does not know the step KSampler, SaveImage.");
  });

  test("a missing file is named with its folder and what to do", () => {
    const prepared = prepareGraph(fluxGraph(spec({ files: { kind: "checkpoint", checkpoint: "other.safetensors" } })), classes);
    if (prepared.ok) throw new Error("It was accepted.");
    expect(prepared.failure.code).toBe("missing_file");
    expect(prepared.failure.why).toBe("other.safetensors is not in ComfyUI's folder models/checkpoints.");
    expect(prepared.failure.fix).toContain("models/checkpoints");
  });

  test("file names are sent as this ComfyUI spells them", () => {
    const prepared = prepareGraph(fluxGraph(spec({ loras: [{ file: "sub/c.safetensors", strength: 1, textEncoder: false }] })), classes);
    expect(prepared.ok && filesLoadedBy(prepared.graph, "LoraLoaderModelOnly")).toEqual(["sub\\c.safetensors"]);
  });

  test("an input that a newer version requires is filled from its default", () => {
    const sampler = classes.get("KSampler");
    const extended = new Map(classes).set("KSampler", {
      name: "KSampler", outputs: ["LATENT"], isOutput: false,
      inputs: new Map([...sampler?.inputs ?? [], ["novelty", { name: "novelty", required: true, type: "INT", choices: null, fallback: 7, min: null, max: null }]]),
    });
    const prepared = prepareGraph(fluxGraph(spec({})), extended);
    expect(prepared.ok && nodesOf(prepared.graph, "KSampler")[0]?.[1].inputs["novelty"]).toBe(7);
  });

  test("the list of required classes covers every class that a graph uses", () => {
    const used = layouts.flatMap((files) => [3.5, null].map((guidance) => fluxGraph(spec({
      files, guidance, loras: [{ file: "a", strength: 1, textEncoder: true }, { file: "b", strength: 1, textEncoder: false }],
    })))).flatMap((graph) => Object.values(graph).map((node) => node.class_type));
    expect([...new Set(used)].sort()).toEqual([...requiredClasses].sort());
  });
});
