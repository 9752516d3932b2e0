/** One measured number beside its goal. `isMet` null: there is no goal, the number is for comparison only. */
export interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: { readonly kind: "at most" | "at least"; readonly value: number };
  readonly beside?: string;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function isMet(measure: Measure): boolean | null {
  if (measure.goal === undefined) return null;
  return measure.goal.kind === "at most" ? measure.value <= measure.goal.value : measure.value >= measure.goal.value;
}

export function formatMeasure(measure: Measure): string {
  const met = isMet(measure);
  const verdict = met === null ? "     " : met ? "ok   " : "MISS ";
  const goal = measure.goal ? `(goal: ${measure.goal.kind} ${measure.goal.value.toLocaleString("en")} ${measure.unit})` : "";
  const value = measure.value.toLocaleString("en", { maximumFractionDigits: measure.value < 100 ? 1 : 0 });
  return `${verdict}${measure.name.padEnd(58)} ${value.padStart(10)} ${measure.unit.padEnd(10)} ${goal} ${measure.beside ?? ""}`.trimEnd();
}
