import { signal, type ReadonlySignal } from "@preact/signals";
import type { MetricSeries } from "../../../server/contract/job.ts";
import type { AppModel } from "../app/AppModel.ts";
import { createResource, type Resource } from "../app/Resource.ts";
import { addPoints, dropAfter, emptySeries, setPoints, type Series } from "./series.ts";

/** The engines call the training loss this. */
export const lossKey = "loss/loss";

export interface LossModel {
  /** Filled in place; `version` grows with every change. */
  readonly series: Series;
  readonly version: ReadonlySignal<number>;
  readonly resource: Resource<true>;
  dispose(): void;
}

/** The loss of one run: fetched once and then added to. A fetch replaces all but what came while it was under way. */
export function createLossModel(app: Pick<AppModel, "api" | "events">, jobId: string): LossModel {
  const series = emptySeries();
  const version = signal(0);
  let fresh: Array<readonly [number, number]> = [];
  const resource = createResource<true>(async () => {
    fresh = [];
    const answer = await app.api.get<{ series: MetricSeries[] }>(`/api/training/${encodeURIComponent(jobId)}/metrics`);
    setPoints(series, answer.series.find((candidate) => candidate.key === lossKey)?.points ?? []);
    addPoints(series, fresh);
    version.value += 1;
    return true;
  });
  const offPoints = app.events.on("job.metrics", (event) => {
    if (event.jobId !== jobId || event.key !== lossKey) return;
    if (resource.loading.peek()) fresh.push(...event.points);
    addPoints(series, event.points);
    version.value += 1;
  });
  const offUndone = app.events.on("job.metrics-undone", ({ jobId: id, afterStep }) => {
    if (id !== jobId) return;
    fresh = fresh.filter(([step]) => step <= afterStep);
    dropAfter(series, afterStep);
    version.value += 1;
  });
  const dispose = () => {
    offPoints();
    offUndone();
  };
  return { series, version, resource, dispose };
}
