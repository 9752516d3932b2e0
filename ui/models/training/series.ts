/** Values over steps, ascending by step, each step once. Filled in place, because a run can have very many. */
export interface Series {
  readonly xs: number[];
  readonly ys: number[];
}

export function emptySeries(): Series {
  return { xs: [], ys: [] };
}

/**
 * Adds points; a step that is there already gets the new value. So a batch that comes twice (after a reconnect) or a run
 * that resumes from an earlier checkpoint leaves one value per step. Values that are no numbers are left out.
 */
export function addPoints(series: Series, points: ReadonlyArray<readonly [step: number, value: number]>): void {
  for (const [step, value] of points) {
    if (typeof value !== "number" || !Number.isFinite(value)) continue;
    const at = insertAt(series.xs, step);
    if (series.xs[at] === step) {
      series.ys[at] = value;
    } else {
      series.xs.splice(at, 0, step);
      series.ys.splice(at, 0, value);
    }
  }
}

export function dropAfter(series: Series, step: number): void {
  const kept = insertAt(series.xs, step + 1);
  series.xs.length = kept;
  series.ys.length = kept;
}

export function setPoints(series: Series, points: ReadonlyArray<readonly [step: number, value: number]>): void {
  series.xs.length = 0;
  series.ys.length = 0;
  addPoints(series, points);
}

/** The index of `step`, or where it belongs. Appending is the common case and costs one comparison. */
function insertAt(xs: readonly number[], step: number): number {
  let high = xs.length;
  if (high === 0 || step > xs[high - 1]!) return high;
  let low = 0;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle]! < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Exponential average with the start corrected, as in TensorBoard; `weight` 0 changes nothing, 0.99 is the smoothest. */
export function smooth(ys: readonly number[], weight: number): number[] {
  let last = 0;
  let share = 1;
  return ys.map((value) => {
    last = last * weight + (1 - weight) * value;
    share *= weight;
    return last / (1 - share);
  });
}

/** One value per step is very noisy with one picture at a time, so long runs start smoother. */
export function defaultSmoothing(points: number): number {
  return points < 500 ? 0.9 : 0.97;
}

/** Buckets of the drawn curve; each keeps its lowest and its highest point, so that no spike is lost. */
const maxBuckets = 1000;

/** The indexes to draw. Smooth first and thin afterwards, or the curve would change with its length. */
export function thin(ys: readonly number[], buckets = maxBuckets): number[] {
  if (ys.length <= buckets * 2) return ys.map((_, index) => index);
  const kept = [0];
  const size = (ys.length - 2) / buckets;
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const from = 1 + Math.floor(bucket * size);
    const to = 1 + Math.floor((bucket + 1) * size);
    let low = from;
    let high = from;
    for (let index = from; index < to; index += 1) {
      if (ys[index]! < ys[low]!) low = index;
      if (ys[index]! > ys[high]!) high = index;
    }
    kept.push(Math.min(low, high));
    if (low !== high) kept.push(Math.max(low, high));
  }
  kept.push(ys.length - 1);
  return kept;
}

export interface Trend {
  readonly step: number;
  readonly now: number;
  /** The smoothed value a fifth of the run earlier, and how many steps back that is; null while too short to tell. */
  readonly before: { readonly value: number; readonly steps: number } | null;
}

const shortestTrend = 10;

export function trendOf(series: Series, weight: number): Trend | null {
  const last = series.xs.length - 1;
  if (last < 0) return null;
  const smoothed = smooth(series.ys, weight);
  const back = Math.max(shortestTrend, Math.floor(series.xs.length / 5));
  const before = last < back ? null : { value: smoothed[last - back]!, steps: series.xs[last]! - series.xs[last - back]! };
  return { step: series.xs[last]!, now: smoothed[last]!, before };
}
