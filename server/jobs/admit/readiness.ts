import { existsSync } from "node:fs";
import type { GenerationRequest, JobKind } from "../../contract/job.ts";
import type { Obstacle, Obstacles } from "../../contract/obstacle.ts";
import type { Check } from "../../contract/system.ts";
import { AppError } from "../../base/errors.ts";
import { misreadByTools, misreadFix } from "../../files/tool-path.ts";
import type { Backends } from "../backends.ts";
import type { Lanes } from "./lanes.ts";
import type { GpuKeeper, JobLibrary } from "../ports.ts";
import type { CheckKeeper, ToolChecks } from "../../base/tool-checks.ts";
import { isForPictures, jobKinds } from "../../shared/job-kinds.ts";

export interface ReadinessParts {
  readonly backends: Backends;
  readonly checks: CheckKeeper;
  readonly gpu: GpuKeeper;
  readonly lanes: Pick<Lanes, "names" | "faultFor">;
  readonly library: Pick<JobLibrary, "lora">;
  /** The folder that the tools are going to read from. */
  readonly dataDir: string;
  /** The person has said that the processor will do. */
  readonly useProcessor: boolean;
  /** Pictures are made by a ComfyUI elsewhere, which has a GPU of its own. */
  readonly picturesElsewhere: () => boolean;
}

const headings: Readonly<Record<JobKind, string>> = { training: "The training cannot run now.", generation: "The pictures cannot be made now." };

/** Whether work that is asked for can run here. Nothing is refused on an answer that is older than the question. */
export class Readiness {
  constructor(private readonly parts: ReadinessParts) {}

  /** For the page: what is known, at once. Before the first look nothing is. */
  known(): Obstacles {
    const checks = this.parts.backends.chosen ? this.parts.checks.known() : null;
    if (checks === null) return { training: [], generation: [] };
    return { training: this.obstacles("training", checks), generation: this.obstacles("generation", checks) };
  }

  /** Throws `cannot_run` with all that stands in the way, each looked at after this call. */
  async assertCanRun(kind: JobKind, request?: GenerationRequest): Promise<void> {
    const { checks, gpu } = this.parts;
    if (this.needsGpu(kind) && gpu.status().checkedAt === null) await gpu.fresh();
    const ask = (answer: ToolChecks) => [...this.obstacles(kind, answer), ...this.missingLoras(request)];
    if (ask(checks.known() ?? (await checks.recent())).length === 0) return;
    const [fresh] = await Promise.all([checks.fresh(), this.needsGpu(kind) ? gpu.fresh() : null]);
    const obstacles = ask(fresh);
    if (obstacles.length > 0) throw refusal(kind, obstacles);
  }

  private obstacles(kind: JobKind, checks: ToolChecks): Obstacle[] {
    const failed = checks[jobKinds[kind].backend].filter(({ state }) => state === "error");
    return [...this.gpuObstacles(kind), ...this.pathObstacles(kind), ...failed.map((check) => ofCheck(kind, check))];
  }

  private needsGpu(kind: JobKind): boolean {
    const { backends, useProcessor, picturesElsewhere } = this.parts;
    return !backends.simulated && !useProcessor && !(isForPictures(kind) && picturesElsewhere());
  }

  private gpuObstacles(kind: JobKind): Obstacle[] {
    const { gpu, lanes } = this.parts;
    if (!this.needsGpu(kind)) return [];
    const status = gpu.status();
    if (status.checkedAt === null) return [];
    if (status.gpus.length === 0) {
      return [{ code: "no_gpu", what: "No GPU can be used here.", why: status.reason === "" ? "nvidia-smi shows none." : status.reason, fix: withoutGpu, href: "/settings" }];
    }
    const faults = (isForPictures(kind) ? lanes.names().slice(0, 1) : lanes.names()).map((lane) => lanes.faultFor(kind, lane));
    const [first] = faults;
    if (first === undefined || first === null || faults.some((fault) => fault === null)) return [];
    const fix = first.stays ? "Say on the Home page when the GPU can be used again." : "Wait until it answers again, or restart this machine.";
    return [{ code: "gpu_fault", what: "The GPU is not well.", why: first.reason, fix, href: "/" }];
  }

  /** The simulators read a path as the tools do. */
  private pathObstacles(kind: JobKind): Obstacle[] {
    if (isForPictures(kind) && this.parts.picturesElsewhere()) return [];
    const misread = misreadByTools(this.parts.dataDir, kind);
    return misread === null ? [] : [{ code: "path_misread", what: "The tool would read another folder than Isengard's.", why: misread, fix: misreadFix, href: null }];
  }

  /** A file that was removed outside of Isengard: its row does not know. */
  private missingLoras(request: GenerationRequest | undefined): Obstacle[] {
    return (request?.loras ?? []).flatMap(({ id }) => {
      const found = this.parts.library.lora(id);
      if (found === null || existsSync(found.path)) return [];
      return [{
        code: "lora_missing", what: `The file of ${found.lora.name} is not there.`, why: "It is not in Isengard's folder of LoRAs, although nobody deleted it in Isengard.",
        fix: "Choose another LoRA, or bring the file back from a backup.", href: `/characters/${found.lora.characterId}?tab=loras`,
      }];
    });
  }
}

const withoutGpu =
  "Install the NVIDIA driver or use a machine with an NVIDIA GPU. If the processor is to do it, which takes hours for each picture, start Isengard with --use-processor.";

function ofCheck(kind: JobKind, { id, label, detail, fix }: Check): Obstacle {
  return { code: id, what: `${label}: ${detail}`, why: `${jobKinds[kind].words.doing} needs it.`, fix, href: "/settings" };
}

function refusal(kind: JobKind, obstacles: Obstacle[]): AppError {
  return new AppError("cannot_run", headings[kind], {
    why: obstacles.map(({ what }) => what).join(" "), fix: obstacles.map(({ fix }) => fix).join(" "), obstacles,
  });
}
