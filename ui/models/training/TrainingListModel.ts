import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Job } from "../../../server/contract/job.ts";
import type { AppModel } from "../app/AppModel.ts";
import { isEnded } from "../jobs/JobsModel.ts";
import { createResource, type Resource } from "../app/Resource.ts";

export const historyLimit = 200;

export type EndFilter = "all" | "succeeded" | "failed" | "cancelled";

const ends: readonly EndFilter[] = ["succeeded", "failed", "cancelled"];

export interface TrainingListModel {
  readonly resource: Resource<true>;
  readonly characterId: Signal<string>;
  readonly end: Signal<EndFilter>;
  /** Running first, then waiting. */
  readonly open: ReadonlySignal<readonly Job[]>;
  /** Ended runs that fit the filter, newest first. */
  readonly history: ReadonlySignal<readonly Job[]>;
  readonly total: ReadonlySignal<number>;
  /** Older runs than the page holds exist. */
  readonly isCut: ReadonlySignal<boolean>;
}

export function createTrainingListModel(app: Pick<AppModel, "api" | "jobs">, asked = new URLSearchParams()): TrainingListModel {
  const characterId = signal(asked.get("character") ?? "");
  const end = signal<EndFilter>(ends.find((known) => known === asked.get("end")) ?? "all");
  const isCut = signal(false);
  const resource = createResource<true>(async () => {
    const { jobs } = await app.api.get<{ jobs: Job[] }>(`/api/training?limit=${historyLimit}`);
    for (const job of jobs) app.jobs.put(job);
    isCut.value = jobs.length >= historyLimit;
    return true;
  });
  const trainings = computed(() => app.jobs.all.value.filter((job) => job.kind === "training"));
  void resource.load();
  return {
    resource, characterId, end, isCut,
    open: computed(() => app.jobs.active.value.filter((job) => job.kind === "training")),
    history: computed(() =>
      trainings.value.filter(
        (job) => isEnded(job) && (characterId.value === "" || job.characterId === characterId.value) && (end.value === "all" || job.state === end.value),
      ),
    ),
    total: computed(() => trainings.value.length),
  };
}
