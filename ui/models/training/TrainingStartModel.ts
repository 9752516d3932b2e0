import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { ParameterValues, Preset, TrainingCapabilities } from "../../../server/contract/backend.ts";
import type { Character } from "../../../server/contract/character.ts";
import type { Job, TrainingOutlook, TrainingRequest } from "../../../server/contract/job.ts";
import { asApiError, type ApiError } from "../../api.ts";
import type { AppModel } from "../app/AppModel.ts";
import { paceOf, reviewSentence, type Pace } from "./estimate.ts";
import { createResource, type Resource } from "../app/Resource.ts";

/** The preset that a person gets who chooses nothing. */
const defaultPreset = "balanced";
const runsAskedFor = 50;

/** Why Start cannot work now, with the place where that is put right. */
export interface Obstacle {
  readonly text: string;
  readonly link: { readonly href: string; readonly label: string } | null;
}

export interface TrainingStartModel {
  readonly characterId: Signal<string | null>;
  readonly presetId: Signal<string>;
  /** What was set by hand; kept over a change of preset. */
  readonly values: Signal<ParameterValues>;
  /** The names of those that differ from the preset. */
  readonly changed: ReadonlySignal<readonly string[]>;
  readonly presets: Resource<readonly Preset[]>;
  readonly preset: ReadonlySignal<Preset | null>;
  /** Finished runs, for the time of a step. */
  readonly history: Resource<readonly Job[]>;
  /** What the run would write to the disk, and whether it fits. Loaded by whoever shows it. */
  readonly outlook: Resource<TrainingOutlook>;
  readonly error: ReadonlySignal<ApiError | null>;
  chooseCharacter(characterId: string): void;
  /** Takes over what another run was made with. */
  repeat(job: Job): void;
  valueOf(name: string, presetId?: string): unknown;
  pace(presetId: string): Pace | null;
  review(): string;
  obstacles(problem: string): readonly Obstacle[];
  /** `anyway`: also where it cannot run now. */
  start(anyway?: boolean): Promise<Job | null>;
}

type Needed = Pick<AppModel, "api" | "jobs" | "characters" | "info" | "system">;

export function createTrainingStartModel(app: Needed, characterId: string | null): TrainingStartModel {
  const form = createForm(app);
  const { chosen, presetId, values, presets, presetOf, valueOf } = form;
  const error = signal<ApiError | null>(null);
  const history = createResource<readonly Job[]>(async () => {
    return (await app.api.get<{ jobs: Job[] }>(`/api/training?status=succeeded&limit=${runsAskedFor}`)).jobs;
  });
  const chooseCharacter = (id: string | null) => {
    chosen.value = id;
    error.value = null;
    if (id !== null) void presets.load();
  };
  const request = (): TrainingRequest => {
    const asked: TrainingRequest = { characterId: chosen.value ?? "", preset: presetId.value };
    return Object.keys(values.value).length === 0 ? asked : { ...asked, values: values.value };
  };
  const outlook = createResource(() => app.api.post<TrainingOutlook>("/api/training/estimate", request()));
  chooseCharacter(characterId);
  void history.load();

  // How long a simulator takes says nothing about a GPU, nor the other way round.
  const ofThisMode = (job: Job) => job.simulated === (app.info.value.mode === "fast-test");
  const pace = (id: string) => paceOf(history.data.value?.filter(ofThisMode) ?? [], id);
  return {
    characterId: chosen, presetId, values, presets, history, outlook, error, chooseCharacter, valueOf, pace,
    preset: computed(() => presetOf(presetId.value)),
    changed: computed(() => {
      const preset = presetOf(presetId.value)?.values ?? {};
      return Object.keys(values.value).filter((name) => JSON.stringify(values.value[name]) !== JSON.stringify(preset[name]));
    }),
    repeat(job) {
      const request = job.request as Partial<TrainingRequest>;
      if (typeof request.preset === "string") presetId.value = request.preset;
      values.value = request.values ?? {};
    },
    review: () => reviewOf(app, form, pace(presetId.value)),
    obstacles: (problem) => [...obstaclesOf(app, chosen.value, problem), ...noRoom(outlook.data.value)],
    async start(anyway = false) {
      error.value = null;
      try {
        const job = await app.api.post<Job>("/api/training", { ...request(), ...(anyway ? { queueAnyway: true } : {}) });
        app.jobs.put(job);
        return job;
      } catch (thrown) {
        error.value = asApiError(thrown);
        // The refusal rests on a look that is newer than what this page shows.
        if (error.value.code === "cannot_run") void app.system.refresh().catch(() => undefined);
        return null;
      }
    },
  };
}

function createForm(app: Needed) {
  const chosen = signal<string | null>(null);
  const presetId = signal(defaultPreset);
  const values = signal<ParameterValues>({});
  const presets = createResource<readonly Preset[]>(async () => {
    return (await app.api.get<{ presets: Preset[] }>(`/api/training/presets?characterId=${encodeURIComponent(chosen.peek() ?? "")}`)).presets;
  });
  const presetOf = (id: string) => presets.data.value?.find((candidate) => candidate.id === id) ?? null;
  const valueOf = (name: string, id = presetId.value): unknown => {
    if (name in values.value) return values.value[name];
    const preset = presetOf(id);
    if (preset && name in preset.values) return preset.values[name];
    return app.info.value.training?.parameters.find((spec) => spec.name === name)?.default;
  };
  return { chosen, presetId, values, presets, presetOf, valueOf };
}

function reviewOf(app: Needed, { chosen, valueOf }: ReturnType<typeof createForm>, pace: Pace | null): string {
  const character = chosen.value === null ? undefined : app.characters.byId(chosen.value);
  const training = app.info.value.training;
  return reviewSentence({
    character: character?.name ?? "your character",
    photos: character?.photoCount ?? 0,
    baseModel: training ? baseModelLabel(training, valueOf("baseModel")) : null,
    steps: asNumber(valueOf("steps")),
    sampleEvery: asNumber(valueOf("sampleEvery")),
    pace,
  });
}

function asNumber(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function baseModelLabel(training: TrainingCapabilities, chosen: unknown): string | null {
  return (training.baseModels.find((model) => model.id === chosen) ?? training.baseModels[0])?.label ?? null;
}

function obstaclesOf(app: Pick<AppModel, "characters" | "info">, characterId: string | null, problem: string): Obstacle[] {
  const { training, mode } = app.info.value;
  const obstacles: Obstacle[] = [];
  if (training === null) {
    const text = mode === null ? "Choose first whether to use simulators or the GPU." : "No training engine is set up.";
    obstacles.push({ text, link: mode === null ? { href: "/", label: "Choose" } : { href: "/settings", label: "Open settings" } });
  }
  const character = characterId === null ? undefined : app.characters.byId(characterId);
  const create = app.characters.all.value.length > 0 ? null : { href: "/characters", label: "Create a character" };
  if (!character) obstacles.push({ text: "Choose who to train.", link: create });
  else if (training && character.photoCount < training.minPhotos) obstacles.push(tooFewPhotos(character, training.minPhotos));
  if (problem !== "") obstacles.push({ text: problem, link: null });
  return obstacles;
}

function noRoom(outlook: TrainingOutlook | null): Obstacle[] {
  return outlook?.refusal ? [{ text: outlook.refusal, link: { href: "/settings", label: "Look at the disk" } }] : [];
}

function tooFewPhotos(character: Character, minPhotos: number): Obstacle {
  const text = `${character.name} has ${character.photoCount} of at least ${minPhotos} photos.`;
  return { text, link: { href: `/characters/${character.id}`, label: "Add photos" } };
}
