import { computed, effect, type ReadonlySignal } from "@preact/signals";
import type { Preset } from "../../../server/contract/backend.ts";
import type { Artifact, Job, TrainingRequest } from "../../../server/contract/job.ts";
import type { AppModel } from "../app/AppModel.ts";
import { createLossModel, type LossModel } from "./LossModel.ts";
import { createResource, type Resource } from "../app/Resource.ts";
import { checkpointsOf, putArtifact, tableOfSamples, type SampleTable } from "./samples.ts";
import { fillTrigger, promptsSpec } from "./training-prompts.ts";

export interface TrainingRunModel {
  readonly jobId: string;
  /** null until it is found. */
  readonly job: ReadonlySignal<Job | null>;
  readonly found: Resource<Job>;
  readonly artifacts: Resource<readonly Artifact[]>;
  readonly samples: ReadonlySignal<SampleTable>;
  /** Newest first. */
  readonly checkpoints: ReadonlySignal<readonly Artifact[]>;
  readonly loss: LossModel;
  /** The texts of the test prompts with the trigger word filled in; empty while they are not known. */
  readonly prompts: ReadonlySignal<readonly string[]>;
  stop(): Promise<void>;
  dispose(): void;
}

type Needed = Pick<AppModel, "api" | "events" | "connection" | "jobs" | "characters" | "info">;

/** One training as it happens: what came before is fetched, what comes is added, and after each new connection both meet. */
export function createTrainingRunModel(app: Needed, jobId: string): TrainingRunModel {
  const id = encodeURIComponent(jobId);
  const loss = createLossModel(app, jobId);
  const job = computed(() => app.jobs.all.value.find((candidate) => candidate.id === jobId) ?? null);
  const found = createResource(async () => {
    const next = await app.api.get<Job>(`/api/training/${id}`);
    // Progress that was told while this answer was on its way is newer than the answer.
    const told = app.jobs.progress(jobId).peek();
    const isOld = told !== null && next.progress !== null && told.updatedAt > next.progress.updatedAt;
    app.jobs.put(isOld ? { ...next, progress: told } : next);
    return next;
  });
  /** Told by an event while a fetch was under way; the fetched list may be older than they are. */
  let fresh: Artifact[] = [];
  const artifacts = createResource<readonly Artifact[]>(async () => {
    fresh = [];
    const page = await app.api.get<{ artifacts: Artifact[] }>(`/api/jobs/${id}/artifacts`);
    return fresh.reduce(putArtifact, page.artifacts as readonly Artifact[]);
  });
  const presets = createResource<readonly Preset[]>(async () => {
    const query = new URLSearchParams({ characterId: job.peek()?.characterId ?? "" });
    return (await app.api.get<{ presets: Preset[] }>(`/api/training/presets?${query}`)).presets;
  });
  const parts = () => Promise.all([artifacts.load(), loss.resource.load()]);
  /** Of a job that nobody knows only itself is asked for. */
  const load = async () => {
    if (job.peek() !== null) return void (await Promise.all([found.load(), parts()]));
    await found.load();
    if (found.data.peek() !== null) await parts();
  };
  /** The first connection comes while the first question is still open; nobody asks twice for what is not there. */
  const mayExist = () => job.peek() !== null || (!found.loading.peek() && found.error.peek()?.status !== 404);
  app.connection.watch(jobId);
  const stops = [
    app.events.on("job.artifact", (event) => {
      if (event.jobId !== jobId) return;
      fresh.push(event.artifact);
      artifacts.update((list) => putArtifact(list, event.artifact));
    }),
    app.events.on("job.artifact-gone", (event) => {
      if (event.jobId !== jobId) return;
      fresh = fresh.filter(({ id }) => id !== event.artifactId);
      artifacts.update((list) => list.filter(({ id }) => id !== event.artifactId));
    }),
    loss.dispose,
    onChange(() => app.connection.connections.value, () => void (mayExist() && load())),
    // Another attempt goes on from an earlier step, so what was drawn beyond it is not true any more.
    onChange(() => job.value?.attempt ?? null, () => void load()),
  ];
  void load().then(() => (job.peek()?.characterId ? presets.load() : undefined));

  return {
    jobId, job, found, artifacts, loss,
    samples: computed(() => tableOfSamples(artifacts.data.value ?? [])),
    checkpoints: computed(() => checkpointsOf(artifacts.data.value ?? [])),
    prompts: computed(() => promptsOf(app, job.value, presets.data.value ?? [])),
    async stop() {
      if (job.value) await app.jobs.cancel(job.value);
    },
    dispose() {
      app.connection.unwatch(jobId);
      for (const stop of stops) stop();
    },
  };
}

/** Those that the request brought, else those of its preset. */
function promptsOf(app: Pick<AppModel, "characters" | "info">, job: Job | null, presets: readonly Preset[]): readonly string[] {
  const spec = app.info.value.training ? promptsSpec(app.info.value.training) : undefined;
  if (!job || !spec) return [];
  const request = job.request as Partial<TrainingRequest>;
  const preset = presets.find((candidate) => candidate.id === request.preset);
  const texts = request.values?.[spec.name] ?? preset?.values[spec.name];
  const trigger = app.characters.byId(job.characterId ?? "")?.triggerWord ?? "";
  return Array.isArray(texts) ? texts.map((prompt) => (trigger === "" ? String(prompt) : fillTrigger(String(prompt), trigger).text)) : [];
}

/** Runs when the value becomes another one; not for the first value that is known. */
function onChange(read: () => number | null, run: () => void): () => void {
  let before: number | null = null;
  return effect(() => {
    const now = read();
    const changed = before !== null && now !== null && before !== now;
    before = now ?? before;
    // The page's own signals, read while fetching begins, must not become reasons to fetch again.
    if (changed) queueMicrotask(run);
  });
}
