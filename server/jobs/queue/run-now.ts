import type { Job } from "../../contract/job.ts";
import { AppError, notFound } from "../../base/errors.ts";
import type { Backends } from "../backends.ts";
import type { Lanes } from "../admit/lanes.ts";
import type { PauseState } from "../store/queue-pause.ts";
import type { JobStore } from "../store/store.ts";
import type { JobRow } from "../store/rows.ts";

export interface RunNowParts {
  readonly store: JobStore;
  readonly backends: Backends;
  readonly lanes: Lanes;
  readonly queueState: PauseState;
}

/**
 * Pictures that shall not wait for a training: they go to the front, and the training on their GPU saves, stops, stands
 * right behind them and goes on afterwards. Durable when it returns. Asking twice changes nothing.
 */
export function runNow(parts: RunNowParts, id: string): Job {
  const { store, queueState } = parts;
  const picture = store.row(id);
  if (picture === null || picture.kind !== "generation") throw notFound("generation job", id);
  if (picture.state !== "queued") {
    throw new AppError("conflict", "These pictures do not wait for their turn.", { why: `They are ${picture.state}.` });
  }
  if (queueState.paused() !== null) {
    throw new AppError("conflict", "The queue is paused.", { why: "Nothing new begins while it is.", fix: "Resume the queue first." });
  }
  store.putPicturesFirst(picture, trainingInTheWay(parts));
  return store.get(id)!;
}

/** null: the pictures only have to stand in front, for what runs ends by itself or is ending. */
function trainingInTheWay({ store, backends, lanes }: RunNowParts): JobRow | null {
  const row = store.activeRows().find((active) => lanes.isForPictures(active.lane)) ?? null;
  if (row === null || row.kind !== "training" || row.state === "stopping") return null;
  if (backends.training().canPause === true) return row;
  throw new AppError("not_supported", "This training cannot be paused.", {
    why: "Its tool does not offer it.", fix: "Wait for its end, or stop it.",
  });
}
