import { describe, expect, test } from "bun:test";
import { addPoints, defaultSmoothing, emptySeries, setPoints, smooth, thin, trendOf } from "./series.ts";

describe("the points of a curve", () => {
  test("a batch that comes twice, as after a reconnect, leaves one value per step", () => {
    const series = emptySeries();
    addPoints(series, [[1, 0.5], [2, 0.4]]);
    addPoints(series, [[1, 0.5], [2, 0.4], [3, 0.3]]);
    expect(series).toEqual({ xs: [1, 2, 3], ys: [0.5, 0.4, 0.3] });
  });

  test("a run that resumes from an earlier step replaces what it does again", () => {
    const series = emptySeries();
    setPoints(series, [[1, 0.9], [2, 0.8], [3, 0.7]]);
    addPoints(series, [[2, 0.75]]);
    expect(series).toEqual({ xs: [1, 2, 3], ys: [0.9, 0.75, 0.7] });
  });

  test("points that come late find their place", () => {
    const series = emptySeries();
    addPoints(series, [[10, 1], [30, 3]]);
    addPoints(series, [[20, 2], [5, 0.5]]);
    expect(series).toEqual({ xs: [5, 10, 20, 30], ys: [0.5, 1, 2, 3] });
  });

  test("what is no number is left out instead of breaking the average", () => {
    const series = emptySeries();
    addPoints(series, [[1, 0.5], [2, Number.NaN], [3, null as unknown as number], [4, Infinity]]);
    expect(series.xs).toEqual([1]);
  });
});

describe("smoothing", () => {
  test("is TensorBoard's average with the start corrected", () => {
    const [a, b, c] = smooth([1, 0.5, 0], 0.6);
    expect(a).toBeCloseTo(1, 4);
    expect(b).toBeCloseTo(0.6875, 4);
    expect(c).toBeCloseTo(0.3367, 4);
  });

  test("weight 0 changes nothing, and the past does not move when points are added", () => {
    expect(smooth([3, 1, 2], 0)).toEqual([3, 1, 2]);
    expect(smooth([3, 1, 2, 9], 0.9).slice(0, 3)).toEqual(smooth([3, 1, 2], 0.9));
  });

  test("long runs start smoother", () => {
    expect(defaultSmoothing(2000)).toBeGreaterThan(defaultSmoothing(100));
  });
});

describe("thinning", () => {
  test("keeps short series whole", () => {
    expect(thin([1, 2, 3])).toEqual([0, 1, 2]);
  });

  test("keeps both ends and every spike of a long one, in order, within the limit", () => {
    const values = Array.from({ length: 50_000 }, (_, index) => Math.sin(index / 500));
    values[12_345] = 99;
    values[40_001] = -99;
    const kept = thin(values, 100);
    expect(kept.length).toBeLessThanOrEqual(202);
    expect(kept[0]).toBe(0);
    expect(kept.at(-1)).toBe(49_999);
    expect(kept).toContain(12_345);
    expect(kept).toContain(40_001);
    expect(kept).toEqual(kept.toSorted((a, b) => a - b));
  });
});

describe("the trend", () => {
  test("compares with a fifth of the run earlier", () => {
    const series = emptySeries();
    addPoints(series, Array.from({ length: 100 }, (_, index) => [index + 1, 1 - index / 100] as const));
    expect(trendOf(series, 0)).toEqual({ step: 100, now: 1 - 99 / 100, before: { value: 1 - 79 / 100, steps: 20 } });
  });

  test("says nothing about the direction while there is too little", () => {
    const series = emptySeries();
    expect(trendOf(series, 0.9)).toBeNull();
    addPoints(series, [[1, 0.5], [2, 0.4]]);
    expect(trendOf(series, 0.9)!.before).toBeNull();
  });
});
