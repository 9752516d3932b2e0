import type { ParameterSpec, ParameterValues } from "../../server/contract/backend.ts";
import { remedyText as text } from "../text/remedies.ts";

export interface GentlerSettings {
  readonly values: ParameterValues;
  /** What was changed and why, for the page that shows the filled form. */
  readonly note: string;
}

/** `smaller` needs less GPU memory, `calmer` learns in smaller steps. Null where the engine offers nothing for it. */
export function gentlerSettings(change: string | null, specs: readonly ParameterSpec[], valueOf: (name: string) => unknown): GentlerSettings | null {
  const has = (name: string) => specs.some((spec) => spec.name === name && spec.supported);
  const sizes = valueOf("resolutions");
  const rate = valueOf("learningRate");
  if (change === "smaller" && has("resolutions") && Array.isArray(sizes) && sizes.length > 1) {
    const smaller = sizes.map(Number).toSorted((a, b) => a - b).slice(0, -1);
    return { values: { resolutions: smaller }, note: text.filledSmaller(text.sizesUpTo(smaller.at(-1)!)) };
  }
  if (change === "smaller" && has("lowVram") && valueOf("lowVram") !== true) return { values: { lowVram: true }, note: text.filledSmaller(text.lowMemory) };
  if (change === "calmer" && has("learningRate") && typeof rate === "number") {
    return { values: { learningRate: rate / 2 }, note: text.filledCalmer(text.halfRate) };
  }
  return null;
}
