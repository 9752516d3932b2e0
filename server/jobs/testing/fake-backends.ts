import type { ImageCapabilities, ParameterSpec, TrainingCapabilities } from "../../contract/backend.ts";
import type { ImageBackend, ImageHost, ImageJob, ImageOutcome } from "../../../plugins/interfaces/image.ts";
import type { TrainingBackend, TrainingDisk, TrainingHost, TrainingJob, TrainingOutcome, TrainingPlan } from "../../../plugins/interfaces/training.ts";
import type { ToolHost } from "../../../plugins/plugin.ts";

export const parameters: ParameterSpec[] = [
  { name: "steps", label: "Steps", help: "", group: "basic", type: "int", default: 1000, min: 10, max: 5000, step: 10, supported: true },
  { name: "learningRate", label: "Learning rate", help: "", group: "advanced", type: "float", default: 0.0001, min: 0, max: 0.01, supported: true },
  {
    name: "optimizer", label: "Optimizer", help: "", group: "advanced", type: "enum", default: "adamw8bit", supported: true,
    options: [{ value: "adamw8bit", label: "AdamW 8 bit" }, { value: "prodigy", label: "Prodigy" }],
  },
  { name: "samplePrompts", label: "Prompts", help: "", group: "basic", type: "stringList", default: [], maxLength: 200, supported: true },
  { name: "dora", label: "DoRA", help: "", group: "advanced", type: "bool", default: false, supported: false, reason: "AI-Toolkit has no DoRA." },
];

const training: TrainingCapabilities = {
  backend: "fake-trainer", tool: "fake", toolVersion: "1", baseModels: [{ id: "flux-dev", label: "FLUX.1-dev", gated: true }],
  minPhotos: 3, parameters,
  methods: [{ id: "lora", label: "LoRA", supported: true }, { id: "dora", label: "DoRA", supported: false, reason: "AI-Toolkit has no DoRA." }],
};

export const imageCapabilities: ImageCapabilities = {
  backend: "fake-painter", tool: "fake", toolVersion: "1",
  models: [
    { id: "flux-dev", label: "FLUX.1-dev", defaultSteps: 20, maxSteps: 50, defaultGuidance: 3.5, negativePrompt: false },
    { id: "flux-schnell", label: "FLUX.1-schnell", defaultSteps: 4, maxSteps: 8, defaultGuidance: null, negativePrompt: false },
  ],
  aspectRatios: [{ id: "1:1", label: "Square", width: 1024, height: 1024 }, { id: "3:2", label: "Landscape", width: 1216, height: 832 }],
  maxCount: 8, maxLoras: 2, strength: { min: 0, max: 1.5, step: 0.05, default: 0.9 }, features: [],
  parameters: [{ name: "guidance", label: "Guidance", help: "", group: "advanced", type: "float", default: 3.5, min: 0, max: 10, supported: true }],
};

/** Backends whose work is a function of the test; they promise nothing by themselves. */
export class FakeTrainer implements TrainingBackend {
  readonly name = "fake-trainer";
  canPause = false;
  disk?: (plan: TrainingPlan) => TrainingDisk;
  work: (job: TrainingJob, host: TrainingHost) => Promise<TrainingOutcome> = async () => ({ kind: "stopped" });
  calls = 0;

  capabilities(): TrainingCapabilities {
    return training;
  }

  presets({ photoCount }: { photoCount: number }) {
    return [
      { id: "quick", label: "Quick", promise: "", values: { steps: photoCount * 50 } },
      { id: "balanced", label: "Balanced", promise: "", values: { steps: photoCount * 100 } },
    ];
  }

  async checks() {
    return [];
  }

  train(job: TrainingJob, host: TrainingHost): Promise<TrainingOutcome> {
    this.calls++;
    return this.work(job, host);
  }
}

export class FakePainter implements ImageBackend {
  readonly name = "fake-painter";
  readonly freed: string[] = [];
  work: (job: ImageJob, host: ImageHost) => Promise<ImageOutcome> = async () => ({ kind: "stopped" });
  calls = 0;

  capabilities(): ImageCapabilities {
    return imageCapabilities;
  }

  async checks() {
    return [];
  }

  async releaseMemory(url: string): Promise<void> {
    this.freed.push(url);
  }

  generate(job: ImageJob, host: ImageHost): Promise<ImageOutcome> {
    this.calls++;
    return this.work(job, host);
  }
}

/** Resolves when the job is to stop; for work that lasts until then. */
export function untilStopped(host: ToolHost): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (host.signal.aborted) resolve();
  host.signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}
