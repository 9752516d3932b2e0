import type { ParameterSpec, ParameterValues } from "../../../server/contract/backend.ts";
import { remedyText as text } from "../../text/remedies.ts";

/** Pixels of a test picture that every card that trains can draw beside its training. */
const calmSample = 768;

export interface GentlerSettings {
  readonly values: ParameterValues;
  /** What was changed and why, for the page that shows the filled form. */
  readonly note: string;
}

/** `smaller` needs less GPU memory, `calmer` learns in smaller steps. Null where the engine offers nothing for it. */
export function gentlerSettings(change: string | null, specs: readonly ParameterSpec[], valueOf: (name: string) => unknown): GentlerSettings | null {
  const has = (name: string) => specs.some((spec) => spec.name === name && spec.supported);
  const rate = valueOf("learningRate");
  const smaller = change === "smaller" ? lessMemory(valueOf).find(({ name }) => has(name)) : undefined;
  if (smaller) return { values: { [smaller.name]: smaller.value }, note: text.filledSmaller(smaller.words) };
  if (change === "calmer" && has("learningRate") && typeof rate === "number") {
    return { values: { learningRate: rate / 2 }, note: text.filledCalmer(text.halfRate) };
  }
  return null;
}

/** What the advice of the engine names, in its order: what frees most and costs least comes first. */
function lessMemory(valueOf: (name: string) => unknown): Array<{ name: string; value: ParameterValues[string]; words: string }> {
  const sizes = valueOf("resolutions");
  const smaller = Array.isArray(sizes) ? sizes.map(Number).toSorted((a, b) => a - b).slice(0, -1) : [];
  const [batch, sample] = [valueOf("batchSize"), valueOf("sampleSize")];
  return [
    ...(valueOf("quantize") === false ? [{ name: "quantize", value: true, words: text.eightBit }] : []),
    ...(valueOf("gradientCheckpointing") === false ? [{ name: "gradientCheckpointing", value: true, words: text.gradients }] : []),
    ...(typeof batch === "number" && batch > 1 ? [{ name: "batchSize", value: 1, words: text.onePhoto }] : []),
    ...(smaller.length > 0 ? [{ name: "resolutions", value: smaller, words: text.sizesUpTo(smaller.at(-1)!) }] : []),
    ...(typeof sample === "number" && sample > calmSample ? [{ name: "sampleSize", value: calmSample, words: text.samplesOf(calmSample) }] : []),
    ...(valueOf("layerOffloading") !== true ? [{ name: "layerOffloading", value: true, words: text.offloading }] : []),
  ];
}
