import type { ImageCapabilities, TrainingCapabilities, VideoCapabilities } from "../contract/backend.ts";
import { AppError } from "../errors.ts";
import type { ImageBackend } from "../../plugins/interfaces/image.ts";
import type { TrainingBackend } from "../../plugins/interfaces/training.ts";
import type { PluginParts } from "../../plugins/plugin.ts";

const noVideo: VideoCapabilities = { backend: "none", supported: false, reason: "Video is in development." };

/** Which tool does what. Empty until the mode is chosen; a choice may be made anew while the server runs. */
export class Backends {
  constructor(private parts: readonly PluginParts[] | null) {}

  get chosen(): boolean {
    return this.parts !== null;
  }

  choose(parts: readonly PluginParts[]): void {
    this.parts = parts;
  }

  training(): TrainingBackend {
    const backend = this.require("train").find((part) => part.training)?.training;
    if (backend) return backend;
    throw new AppError("backend_unavailable", "Isengard cannot train here.", { why: "No training tool is set up." });
  }

  image(): ImageBackend {
    const backend = this.require("make pictures").find((part) => part.image)?.image;
    if (backend) return backend;
    throw new AppError("backend_unavailable", "Isengard cannot make pictures here.", { why: "No tool for pictures is set up." });
  }

  /** What can be done here, for the page; null where no tool does it. */
  capabilities(): { training: TrainingCapabilities | null; image: ImageCapabilities | null } {
    return {
      training: this.parts?.find((part) => part.training)?.training?.capabilities() ?? null,
      image: this.parts?.find((part) => part.image)?.image?.capabilities() ?? null,
    };
  }

  get video(): VideoCapabilities {
    return this.parts?.find((part) => part.video)?.video?.capabilities() ?? noVideo;
  }

  private require(what: string): readonly PluginParts[] {
    if (this.parts !== null) return this.parts;
    throw new AppError("mode_not_chosen", `Isengard cannot ${what} yet.`, { why: "Nobody has chosen how it should run on this machine." });
  }
}
