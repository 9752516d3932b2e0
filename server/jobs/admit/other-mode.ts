import type { Mode } from "../../contract/system.ts";
import type { Log } from "../../base/log.ts";
import type { JobStore } from "../store/store.ts";
import type { JobRow } from "../store/rows.ts";

/** Whether a job was asked for in the mode that is not on: one mode never does the other's work. */
export function belongsToOtherMode({ simulated }: Pick<JobRow, "simulated">, mode: Mode | null): boolean {
  return mode !== null && simulated !== null && (simulated === 1) !== (mode === "fast-test");
}

export function otherModeText({ simulated }: Pick<JobRow, "simulated">): string {
  return simulated === 1
    ? "Waits for fast-test mode: it was asked for there and is simulated, and Isengard uses the GPU now. Change the mode back to have it go on, or stop it."
    : "Waits for production mode: it was asked for there and needs the GPU, and Isengard simulates now. Change the mode back to have it go on, or stop it.";
}

/**
 * For the start of a server: jobs that were running in the other mode go back into the queue, where they are held back.
 * Their children are then unknown to the database, and `Leftovers` stops them. One that a person is stopping is left to its handler,
 * which only ends it. A job from before modes were written down belongs to the mode that meets it first. Answers how many went back.
 */
export function setAsideOtherMode(store: JobStore, log: Log, mode: Mode): number {
  store.markUnmarked(mode);
  const strangers = store.activeRows().filter((row) => row.state !== "stopping" && row.token !== null && belongsToOtherMode(row, mode));
  for (const { id, token } of strangers) {
    log.warn("job.other-mode", "a job of the other mode was running and goes back into the queue, where it waits for its mode", { jobId: id, mode });
    store.retries.setAside(id, token!, "Isengard was started in another mode, so it waits for its own.");
  }
  return strangers.length;
}
