import type { Feature, ImageCapabilities } from "../../server/contract/backend.ts";

/** About one megapixel each. FLUX silently cuts what is no multiple of 16; all but 4:5 are multiples of 64. */
const aspectRatios: ImageCapabilities["aspectRatios"] = [
  { id: "1:1", label: "Square 1:1", width: 1024, height: 1024 },
  { id: "4:5", label: "Feed portrait 4:5", width: 896, height: 1120 },
  { id: "3:4", label: "Portrait 3:4", width: 896, height: 1152 },
  { id: "9:16", label: "Phone 9:16", width: 768, height: 1344 },
  { id: "4:3", label: "Landscape 4:3", width: 1152, height: 896 },
  { id: "3:2", label: "Photo 3:2", width: 1216, height: 832 },
  { id: "16:9", label: "Wide 16:9", width: 1344, height: 768 },
];

const features: readonly Feature[] = [
  {
    id: "controlnet", label: "Pose and depth (ControlNet)", supported: false,
    reason: "Not built yet: the FLUX union model numbers its modes differently and has to be tested on a GPU first.",
  },
  {
    id: "reference", label: "Reference picture (IP-Adapter)", supported: false,
    reason: "Not built yet: the FLUX adapters are node packs that are hardly maintained.",
  },
  {
    id: "face-detailer", label: "Face detail (FaceDetailer)", supported: false,
    reason: "Not built yet: it needs the Impact Pack and a detector file, which Isengard does not install.",
  },
  { id: "upscale", label: "Upscale", supported: false, reason: "Not built yet." },
  { id: "video", label: "Video", supported: false, reason: "In development." },
];

const parameters: ImageCapabilities["parameters"] = [
  {
    name: "steps", label: "Steps", help: "More steps take longer and add detail up to about 30. schnell is made for 4.",
    group: "advanced", type: "int", default: 20, min: 1, max: 50, step: 1, supported: true,
  },
  {
    name: "guidance", label: "Guidance", help: "How closely the picture follows the text. Around 3.5 looks natural. schnell ignores it.",
    group: "advanced", type: "float", default: 3.5, min: 0, max: 10, step: 0.1, supported: true,
  },
  {
    name: "negativePrompt", label: "Negative prompt", help: "What should not be in the picture.", group: "advanced", type: "string",
    default: "", maxLength: 2000, supported: false, reason: "FLUX.1 has no negative prompt.",
  },
];

export function imageCapabilities(toolVersion: string): ImageCapabilities {
  return {
    backend: "comfyui", tool: "ComfyUI", toolVersion,
    models: [
      { id: "flux-dev", label: "FLUX.1-dev", defaultSteps: 20, maxSteps: 50, defaultGuidance: 3.5, negativePrompt: false },
      {
        id: "flux-schnell", label: "FLUX.1-schnell", defaultSteps: 4, maxSteps: 12, defaultGuidance: null, negativePrompt: false,
        note: "Fast drafts. LoRAs that were trained for FLUX.1-dev work only partly.",
      },
    ],
    aspectRatios, maxCount: 8, maxLoras: 4,
    strength: { min: 0, max: 2, step: 0.05, default: 0.9 },
    parameters, features: [...features],
  };
}
