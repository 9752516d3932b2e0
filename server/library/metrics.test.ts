import { expect, test } from "bun:test";
import { openLibrary } from "../testing/library.ts";
import { seriesLimit } from "./metrics.ts";

test("points are kept once per step, and only what is new or changed is told", () => {
  using library = openLibrary();
  library.metrics.put("job-1", "loss/loss", [[2, 0.5], [1, 0.7]]);
  library.metrics.put("job-1", "loss/loss", [[2, 0.5], [3, 0.4]]);
  library.metrics.put("job-1", "loss/loss", [[3, 0.4]]);
  library.metrics.put("job-1", "loss/loss", [[3, 0.3]]);
  expect(library.metrics.series("job-1")).toEqual([{ key: "loss/loss", points: [[1, 0.7], [2, 0.5], [3, 0.3]] }]);
  expect(library.metrics.series("job-2")).toEqual([]);
  expect(library.events.map((event) => event.type === "job.metrics" && event.points)).toEqual([[[2, 0.5], [1, 0.7]], [[3, 0.4]], [[3, 0.3]]]);
});

test("what came after the step that a job went back to is forgotten in every series, and told", () => {
  using library = openLibrary();
  library.metrics.put("job-1", "loss/loss", [[1, 0.7], [2, 0.5], [3, 0.4]]);
  library.metrics.put("job-1", "learning_rate", [[3, 0.1]]);
  library.metrics.put("job-2", "loss/loss", [[3, 0.9]]);
  library.metrics.undo("job-1", 2);
  library.metrics.undo("job-1", 2);
  expect(library.metrics.series("job-1")).toEqual([{ key: "loss/loss", points: [[1, 0.7], [2, 0.5]] }]);
  expect(library.metrics.series("job-2")).toEqual([{ key: "loss/loss", points: [[3, 0.9]] }]);
  expect(library.events.filter((event) => event.type === "job.metrics-undone")).toEqual([{ type: "job.metrics-undone", jobId: "job-1", afterStep: 2 }]);
});

test("a loss that is no number is left out", () => {
  using library = openLibrary();
  library.metrics.put("job-1", "loss", [[1, Number.NaN], [2, Number.POSITIVE_INFINITY], [2.5, 1], [3, 1]]);
  expect(library.metrics.series("job-1")).toEqual([{ key: "loss", points: [[3, 1]] }]);
});

test("a very long series is thinned and keeps its end", () => {
  using library = openLibrary();
  const points = Array.from({ length: seriesLimit * 2 + 5 }, (_, step) => [step, step / 2] as const);
  library.metrics.put("job-1", "loss", points);
  const [series] = library.metrics.series("job-1");
  expect(series!.points.length).toBeLessThanOrEqual(seriesLimit + 1);
  expect(series!.points.at(-1)).toEqual([seriesLimit * 2 + 4, seriesLimit + 2]);
});

test("saved settings replace each other and come back sorted", () => {
  using library = openLibrary();
  library.settings.set("mode", "production");
  library.settings.set("mode", "fast-test");
  library.settings.set("a", "1");
  expect(library.settings.get("mode")).toBe("fast-test");
  expect(library.settings.get("none")).toBeNull();
  expect(library.settings.all()).toEqual({ a: "1", mode: "fast-test" });
});
