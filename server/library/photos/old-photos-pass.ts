import type { Service } from "../../base/lifecycle.ts";
import type { Log } from "../../base/log.ts";
import type { OldPhotos } from "./old-photos.ts";

/** After the start and the first page. */
const firstMs = 8000;
/** Between two steps, so that what people do comes first. */
const restMs = 50;

/** Looks at the photos of an earlier version behind everything else; where it ends, the next start goes on. */
export class OldPhotosPass implements Service {
  readonly name = "old-photos";
  private readonly stopping = new AbortController();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private going: Promise<void> = Promise.resolve();

  constructor(private readonly photos: OldPhotos, private readonly log: Log) {}

  start(): void {
    this.timer = setTimeout(() => {
      this.going = this.run();
    }, firstMs);
    this.timer.unref();
  }

  /** The step that is going on is ended and waited for. */
  async stop(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.stopping.abort();
    await this.going;
  }

  private async run(): Promise<void> {
    try {
      while (!this.stopping.signal.aborted && (await this.photos.step(null, this.stopping.signal))) await Bun.sleep(restMs);
    } catch (error) {
      if (!this.stopping.signal.aborted) this.log.warn("old-photos.failed", "photos of an earlier version could not be looked at; a training of them tries again, and so does the next start", { error });
    }
  }
}
