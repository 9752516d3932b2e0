import { computed, effect, signal, type ReadonlySignal } from "@preact/signals";
import type { GenerationRequest, Job } from "../../server/contract/job.ts";
import type { Output, OutputSettings } from "../../server/contract/output.ts";
import { asApiError, type ApiError } from "../api.ts";
import { maxWatched } from "../socket.ts";
import type { AppModel } from "./AppModel.ts";
import { buildRequest, draftKey, draftOf, readDraft, type Draft } from "./generation-draft.ts";

export interface GenerateModel {
  /** Survives a reload and a visit to other pages. */
  readonly draft: ReadonlySignal<Draft>;
  change(part: Partial<Draft>): void;
  /** Chooses this LoRA with the usual strength, in place of those chosen before. */
  chooseLora(loraId: string): void;
  useSettings(settings: OutputSettings): void;
  /** Takes over the settings of a picture known by its id. */
  useOutput(outputId: string): Promise<void>;
  readonly error: ReadonlySignal<ApiError | null>;
  generate(): Promise<void>;
  /** Running first, then waiting. */
  readonly queue: ReadonlySignal<readonly Job[]>;
  /** Jobs that failed while this page was open and were not put away. */
  readonly failed: ReadonlySignal<readonly Job[]>;
  retry(job: Job): Promise<void>;
  putAway(job: Job): void;
  /** The newest preview of each picture of a job, as data URLs by index. */
  previewOf(jobId: string): ReadonlyMap<number, string>;
  dispose(): void;
}

type Needed = Pick<AppModel, "api" | "events" | "connection" | "jobs" | "library" | "info">;

export function createGenerateModel(app: Needed, store: Storage): GenerateModel {
  const draft = signal(readDraft(store));
  const error = signal<ApiError | null>(null);
  const seen = signal<ReadonlySet<string>>(new Set());
  const previews = signal<ReadonlyMap<string, ReadonlyMap<number, string>>>(new Map());
  const queue = computed(() => app.jobs.active.value.filter((job) => job.kind === "generation"));
  const capabilities = () => app.info.value.image;

  const send = async (request: GenerationRequest | Record<string, unknown>) => {
    error.value = null;
    try {
      app.jobs.put(await app.api.post<Job>("/api/generation", request));
    } catch (thrown) {
      error.value = asApiError(thrown);
    }
  };
  const change = (part: Partial<Draft>) => (draft.value = { ...draft.value, ...part });
  const useSettings = (settings: OutputSettings) => (draft.value = draftOf(settings, capabilities(), app.library.loras.value));

  const watched = new Set<string>();
  const watch = () => {
    const wanted = queue.value.slice(0, maxWatched).map((job) => job.id);
    for (const id of [...watched].filter((id) => !wanted.includes(id))) {
      watched.delete(id);
      app.connection.unwatch(id);
    }
    for (const id of wanted.filter((id) => !watched.has(id))) {
      watched.add(id);
      app.connection.watch(id);
    }
    const before = seen.peek();
    if (queue.value.some((job) => !before.has(job.id))) seen.value = new Set([...before, ...queue.value.map((job) => job.id)]);
    const kept = [...previews.peek()].filter(([id]) => watched.has(id));
    if (kept.length < previews.peek().size) previews.value = new Map(kept);
  };
  const stops = [
    effect(watch),
    effect(() => store.setItem(draftKey, JSON.stringify(draft.value))),
    app.events.on("job.preview", ({ jobId, index, dataUrl }) => {
      if (!watched.has(jobId)) return;
      previews.value = new Map(previews.value).set(jobId, new Map(previews.value.get(jobId)).set(index, dataUrl));
    }),
  ];

  return {
    draft, change, error, queue, useSettings,
    chooseLora(id) {
      change({ loras: [{ id, strength: capabilities()?.strength.default ?? 1 }] });
    },
    async useOutput(outputId) {
      try {
        useSettings((await app.api.get<Output>(`/api/outputs/${encodeURIComponent(outputId)}`)).settings);
      } catch (thrown) {
        error.value = asApiError(thrown);
      }
    },
    async generate() {
      const image = capabilities();
      if (image) await send(buildRequest(draft.value, image, app.library.loras.value));
    },
    failed: computed(() => app.jobs.failed.value.filter((job) => job.kind === "generation" && seen.value.has(job.id))),
    retry: (job) => send(job.request),
    putAway: (job) => (seen.value = new Set([...seen.value].filter((id) => id !== job.id))),
    previewOf: (jobId) => previews.value.get(jobId) ?? new Map(),
    dispose() {
      for (const stop of stops) stop();
      for (const id of watched) app.connection.unwatch(id);
    },
  };
}
