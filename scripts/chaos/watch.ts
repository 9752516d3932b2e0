import { isOfTool } from "./processes.ts";
import type { World } from "./world.ts";

const everyMs = 120;

/** Looks again and again for what must never be: two attempts of one job alive, or two ComfyUI. */
export class Watcher {
  private isOver = false;
  private readonly done: Promise<void>;

  constructor(private readonly world: World) {
    this.done = this.watch();
  }

  async end(): Promise<void> {
    this.isOver = true;
    await this.done;
  }

  private async watch(): Promise<void> {
    while (!this.isOver) {
      this.look();
      await Bun.sleep(everyMs);
    }
  }

  private look(): void {
    const { world } = this;
    const runs = new Set(world.processes(everyMs / 2).map((one) => one.run).filter((run) => run !== null));
    const ofJobs = [...runs].filter((run) => !isOfTool(run));
    const ofTools = [...runs].filter(isOfTool);
    // Pictures are made inside of ComfyUI, so whatever lives for a job is a training, and there is one graphics card.
    if (ofJobs.length > 1) this.tell(`two attempts live at once: ${ofJobs.toSorted().join(", ")}`);
    if (ofTools.length > 1) this.tell(`two ComfyUI live at once: ${ofTools.toSorted().join(", ")}`);
  }

  private tell(problem: string): void {
    if (!this.world.problems.includes(problem)) this.world.problems.push(problem);
  }
}
