import { computed, effect, signal, type ReadonlySignal } from "@preact/signals";
import type { GenerationRequest, Job } from "../../../server/contract/job.ts";
import type { Output, OutputSettings } from "../../../server/contract/output.ts";
import { asApiError, type ApiError } from "../../api.ts";
import type { AppModel } from "../app/AppModel.ts";
import { buildRequest, draftKey, draftOf, readDraft, withPerson, type Draft } from "./generation-draft.ts";
import { watchPictureJobs } from "./picture-jobs.ts";
import { createPromptWalk, earlierPrompts } from "./prompt-history.ts";

export interface GenerateModel {
  /** Survives a reload and a visit to other pages. */
  readonly draft: ReadonlySignal<Draft>;
  change(part: Partial<Draft>): void;
  /** Newest first, each once. */
  readonly earlierPrompts: ReadonlySignal<readonly string[]>;
  /** Puts an earlier (1) or later (-1) prompt into the form; before the first stands what was typed. */
  recallPrompt(step: 1 | -1): void;
  /** Chooses this LoRA with the usual strength, in place of those chosen before. */
  chooseLora(loraId: string): void;
  useSettings(settings: OutputSettings): void;
  /** Takes over the settings of a picture known by its id. */
  useOutput(outputId: string): Promise<void>;
  readonly error: ReadonlySignal<ApiError | null>;
  /** `anyway`: also where it cannot run now. */
  generate(anyway?: boolean): Promise<void>;
  /** Running first, then waiting. */
  readonly queue: ReadonlySignal<readonly Job[]>;
  /** Jobs that failed while this page was open and were not put away. */
  readonly failed: ReadonlySignal<readonly Job[]>;
  putAway(job: Job): void;
  /** The newest preview of each picture of a job, as data URLs by index. */
  previewOf(jobId: string): ReadonlyMap<number, string>;
  dispose(): void;
}

type Needed = Pick<AppModel, "api" | "events" | "connection" | "jobs" | "library" | "info" | "system">;

/** `store` is of this tab alone; a new tab begins with what was last typed in any, which `last` keeps. */
export function createGenerateModel(app: Needed, store: Storage, last: Storage = store): GenerateModel {
  const draft = signal(withPerson(readDraft(store.getItem(draftKey) === null ? last : store), app.library.usable.peek(), app.info.peek().image));
  const error = signal<ApiError | null>(null);
  const queue = computed(() => app.jobs.active.value.filter((job) => job.kind === "generation"));
  const watching = watchPictureJobs(app, queue);
  const { seen } = watching;
  const capabilities = () => app.info.value.image;

  const send = async (request: GenerationRequest) => {
    error.value = null;
    try {
      app.jobs.put(await app.api.post<Job>("/api/generation", request));
    } catch (thrown) {
      error.value = asApiError(thrown);
      // The refusal rests on a look that is newer than what this page shows.
      if (error.value.code === "cannot_run") void app.system.refresh().catch(() => undefined);
    }
  };
  const earlier = computed(() => earlierPrompts(app.jobs.all.value));
  const walk = createPromptWalk(() => earlier.peek());
  const change = (part: Partial<Draft>) => (draft.value = { ...draft.value, ...part });
  const useSettings = (settings: OutputSettings) => (draft.value = draftOf(settings, capabilities(), app.library.usable.value));

  const stops = [
    watching.dispose,
    effect(() => {
      for (const each of new Set([store, last])) each.setItem(draftKey, JSON.stringify(draft.value));
    }),
  ];

  return {
    draft, change, error, queue, useSettings,
    earlierPrompts: earlier,
    recallPrompt: (step) => change({ prompt: walk(draft.peek().prompt, step) }),
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
    async generate(anyway = false) {
      const image = capabilities();
      if (image) await send({ ...buildRequest(draft.value, image, app.library.usable.value), ...(anyway ? { queueAnyway: true } : {}) });
    },
    failed: computed(() => app.jobs.failed.value.filter((job) => job.kind === "generation" && seen.value.has(job.id))),
    putAway: (job) => (seen.value = new Set([...seen.value].filter((id) => id !== job.id))),
    previewOf: watching.previewOf,
    dispose() {
      for (const stop of stops) stop();
    },
  };
}
