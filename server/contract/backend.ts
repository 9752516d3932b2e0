import { t } from "elysia";

/**
 * One parameter of a backend. The form, the API check and the engine all read this; a value shown is a value used.
 * `supported: false` keeps the row visible with its `reason`; such a parameter is refused when sent.
 */
export const ParameterSpec = t.Object({
  name: t.String(),
  label: t.String(),
  help: t.String(),
  group: t.Union([t.Literal("basic"), t.Literal("advanced")]),
  type: t.Union([
    t.Literal("int"), t.Literal("float"), t.Literal("enum"),
    t.Literal("bool"), t.Literal("string"), t.Literal("stringList"), t.Literal("intList"),
  ]),
  default: t.Unknown(),
  min: t.Optional(t.Number()),
  max: t.Optional(t.Number()),
  step: t.Optional(t.Number()),
  unit: t.Optional(t.String()),
  /** Allowed values of an enum, or of each element of a list. */
  options: t.Optional(t.Array(t.Object({ value: t.Union([t.String(), t.Number()]), label: t.String() }))),
  maxLength: t.Optional(t.Number()),
  supported: t.Boolean(),
  reason: t.Optional(t.String()),
});
export type ParameterSpec = typeof ParameterSpec.static;

/** Values by parameter name. Only names of the backend's `parameters` are accepted. */
export const ParameterValues = t.Record(t.String({ maxLength: 64 }), t.Unknown());
export type ParameterValues = typeof ParameterValues.static;

/** A preset with its values already computed for one character (steps scale with the photos). */
export const Preset = t.Object({
  id: t.String(),
  label: t.String(),
  promise: t.String(),
  values: ParameterValues,
});
export type Preset = typeof Preset.static;

export const Feature = t.Object({ id: t.String(), label: t.String(), supported: t.Boolean(), reason: t.Optional(t.String()) });
export type Feature = typeof Feature.static;

export const TrainingCapabilities = t.Object({
  backend: t.String(),
  tool: t.String(),
  /** The version that Isengard was made for. */
  toolVersion: t.String(),
  /** The version that was found; null: not known, or simulated. */
  foundVersion: t.Optional(t.Union([t.String(), t.Null()])),
  baseModels: t.Array(t.Object({ id: t.String(), label: t.String(), gated: t.Boolean() })),
  minPhotos: t.Number(),
  parameters: t.Array(ParameterSpec),
  /** Methods: LoRA is supported; DoRA and full fine-tuning are listed with the reason why not. */
  methods: t.Array(Feature),
});
export type TrainingCapabilities = typeof TrainingCapabilities.static;

export const ImageCapabilities = t.Object({
  backend: t.String(),
  tool: t.String(),
  /** As for training. */
  toolVersion: t.String(),
  foundVersion: t.Optional(t.Union([t.String(), t.Null()])),
  models: t.Array(t.Object({
    id: t.String(), label: t.String(),
    defaultSteps: t.Number(), maxSteps: t.Number(),
    /** null: the model has no guidance (schnell). */
    defaultGuidance: t.Union([t.Number(), t.Null()]),
    negativePrompt: t.Boolean(),
    note: t.Optional(t.String()),
  })),
  aspectRatios: t.Array(t.Object({ id: t.String(), label: t.String(), width: t.Number(), height: t.Number() })),
  maxCount: t.Number(),
  maxLoras: t.Number(),
  strength: t.Object({ min: t.Number(), max: t.Number(), step: t.Number(), default: t.Number() }),
  parameters: t.Array(ParameterSpec),
  features: t.Array(Feature),
});
export type ImageCapabilities = typeof ImageCapabilities.static;

export const VideoCapabilities = t.Object({
  backend: t.String(),
  supported: t.Boolean(),
  reason: t.String(),
});
export type VideoCapabilities = typeof VideoCapabilities.static;
