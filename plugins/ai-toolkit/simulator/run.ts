import type { Looks } from "../../simulation/looks.ts";
import type { Faults } from "./faults.ts";
import type { JobFile } from "./job-file.ts";
import type { Pace } from "./pace.ts";
import type { Screen } from "./screen.ts";
import { ProgressBar } from "./tqdm.ts";
import type { TrainerDb } from "./trainer-db.ts";

/** One simulated training: what its phases share. */
export interface Run {
  readonly job: JobFile;
  readonly outputDir: string;
  readonly screen: Screen;
  readonly pace: Pace;
  readonly faults: Faults;
  readonly db: TrainerDb | null;
  /** Photos found in the datasets, once for each size; set by the dataset phase. */
  photoCount: number;
  /** What the photos show of the person; set by the dataset phase. */
  looks: Looks | null;
  step: number;
  startStep: number;
  epoch: number;
  lastSave: number;
  /** The training bar while it is open. */
  bar: ProgressBar | null;
}

/** Prints a phase of the model load and shows it in the control database. */
export async function announce(run: Run, text: string, ms: number): Promise<void> {
  run.screen.print(text);
  run.db?.status("running", text);
  await run.pace.wait(ms);
}

/** A bar that counts to `total` in about `ms`. */
export async function countUp(run: Run, label: string, total: number, ms: number): Promise<void> {
  const bar = new ProgressBar(run.screen, { label, total });
  for (let done = 0; done < total; done++) {
    await run.pace.wait(ms / total);
    bar.update(1);
  }
  bar.close();
}
