import type { ImageCapabilities, TrainingCapabilities, VideoCapabilities } from "../contract/backend.ts";
import type { Mode } from "../contract/system.ts";
import { AppError } from "../base/errors.ts";
import type { ImageBackend } from "../../plugins/interfaces/image.ts";
import type { TrainingBackend } from "../../plugins/interfaces/training.ts";
import type { PluginParts } from "../../plugins/plugin.ts";

const noVideo: VideoCapabilities = { backend: "none", supported: false, reason: "Video is in development." };

interface Choice {
  readonly mode: Mode;
  readonly parts: readonly PluginParts[];
}

/** Which tool does what, and in which mode. Empty until one is chosen; a choice may be made anew while the server runs. */
export class Backends {
  private changingFrom: Choice | null = null;
  private changing = false;

  constructor(private choice: Choice | null) {}

  get chosen(): boolean {
    return this.choice !== null;
  }

  /** Jobs of this mode may begin; null: none. */
  get mode(): Mode | null {
    return this.choice?.mode ?? null;
  }

  /** Whether what is asked for now is done by simulators. */
  get simulated(): boolean {
    return this.mode === "fast-test";
  }

  get isChanging(): boolean {
    return this.changing;
  }

  /** Until `choose` nothing is accepted and nothing begins: it would meet the tools of the mode that is left. */
  beginChange(): void {
    this.changingFrom = this.choice;
    this.choice = null;
    this.changing = true;
  }

  /** The tools of the new mode could not be had. */
  giveUpChange(): void {
    this.choice = this.changingFrom;
    this.changing = false;
  }

  choose(parts: readonly PluginParts[], mode: Mode): void {
    this.choice = { parts, mode };
    this.changing = false;
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
    const training = this.choice?.parts.find((part) => part.training)?.training;
    const image = this.choice?.parts.find((part) => part.image)?.image;
    return {
      training: training === undefined ? null : { ...training.capabilities(), foundVersion: training.foundVersion?.() ?? null },
      image: image === undefined ? null : { ...image.capabilities(), foundVersion: image.foundVersion?.() ?? null },
    };
  }

  get video(): VideoCapabilities {
    return this.choice?.parts.find((part) => part.video)?.video?.capabilities() ?? noVideo;
  }

  private require(what: string): readonly PluginParts[] {
    if (this.choice !== null) return this.choice.parts;
    if (this.changing) {
      throw new AppError("mode_not_chosen", `Isengard cannot ${what} at this moment.`, {
        why: "The mode is being changed.", fix: "Try again in a few seconds.",
      });
    }
    throw new AppError("mode_not_chosen", `Isengard cannot ${what} yet.`, { why: "Nobody has chosen how it should run on this machine." });
  }
}
