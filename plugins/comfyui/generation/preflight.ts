import type { Failure } from "../../../server/contract/job.ts";
import { failure, missingClasses } from "../failures/failures.ts";
import type { Graph, InputValue } from "../protocol/prompt-graph.ts";
import type { NodeClasses, NodeInput } from "../protocol/object-info.ts";

/** The folder of ComfyUI's `models` that a file input reads from; only inputs of our graphs. */
const folders: Readonly<Record<string, string>> = {
  ckpt_name: "checkpoints", unet_name: "diffusion_models", clip_name1: "text_encoders", clip_name2: "text_encoders",
  vae_name: "vae", lora_name: "loras",
};

/**
 * Checks a graph against what this ComfyUI knows, since ComfyUI itself names only the first missing class, and fills
 * required inputs that a newer version added (`ImageScaleToTotalPixels.resolution_steps` came with 0.6). The graph is not changed.
 */
export function prepareGraph(graph: Graph, classes: NodeClasses): { ok: true; graph: Graph } | { ok: false; failure: Failure } {
  const unknown = [...new Set(Object.values(graph).map((node) => node.class_type))].filter((name) => !classes.has(name));
  if (unknown.length > 0) return { ok: false, failure: missingClasses(unknown) };
  const prepared: Graph = {};
  for (const [id, node] of Object.entries(graph)) {
    const inputs: Record<string, InputValue> = { ...node.inputs };
    for (const input of classes.get(node.class_type)?.inputs.values() ?? []) {
      const value = inputs[input.name];
      if (value === undefined) {
        if (input.required && isValue(input.fallback)) inputs[input.name] = input.fallback;
      } else if (!isLink(value)) {
        const settled = settle(value, input);
        if (settled === null) return { ok: false, failure: missingChoice(input.name, value) };
        inputs[input.name] = settled;
      }
    }
    prepared[id] = { ...node, inputs };
  }
  return { ok: true, graph: prepared };
}

/** The value as this ComfyUI spells it (a Windows server lists files with backslashes), or null when it is no choice. */
function settle(value: string | number | boolean, input: NodeInput): string | number | boolean | null {
  if (!input.choices) return value;
  return input.choices.find((choice) => normal(choice) === normal(value)) ?? null;
}

function normal(value: string | number | boolean): string {
  return String(value).replaceAll("\\", "/");
}

function missingChoice(input: string, value: string | number | boolean): Failure {
  const folder = folders[input];
  if (!folder) {
    return failure("incompatible", "The picture could not be made.", `This ComfyUI does not offer ${String(value)} for ${input}.`,
      "Use a tested version of ComfyUI.");
  }
  return failure("missing_file", "A file is missing in ComfyUI.", `${String(value)} is not in ComfyUI's folder models/${folder}.`,
    folder === "loras"
      ? "A ComfyUI on another machine does not see the LoRAs of this one: copy the file into its models/loras folder, " +
        "or let Isengard start ComfyUI itself."
      : `Put ${String(value)} into models/${folder} and try again. ComfyUI need not be restarted.`);
}

/** The files that the nodes of a class were told to load. */
export function filesLoadedBy(graph: Graph, className: string): string[] {
  return Object.values(graph).filter((node) => node.class_type === className).flatMap((node) =>
    Object.entries(node.inputs).flatMap(([name, value]) => (name in folders && typeof value === "string" ? [value] : [])));
}

function isLink(value: InputValue): value is readonly [string, number] {
  return Array.isArray(value);
}

function isValue(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
