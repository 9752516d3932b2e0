import type { Job, Waiting } from "../../contract/job.ts";
import { AppError, notFound } from "../../errors.ts";
import type { Backends } from "../backends.ts";
import type { Lanes } from "../admit/lanes.ts";
import type { PauseState } from "../store/queue-pause.ts";
import type { JobStore } from "../store/store.ts";
import { JobOrder } from "../store/order.ts";
import { type JobRow, type Pause, pauseOf } from "../store/rows.ts";

/** On a running training: it is giving way. The wish itself lies in the job's row, so it survives a crash. */
export const pausingCode = "pausing";

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
  const { table } = store;
  const picture = table.row(id);
  if (picture === null || picture.kind !== "generation") throw notFound("generation job", id);
  if (picture.state !== "queued") {
    throw new AppError("conflict", "These pictures do not wait for their turn.", { why: `They are ${picture.state}.` });
  }
  if (queueState.paused() !== null) {
    throw new AppError("conflict", "The queue is paused.", { why: "Nothing new begins while it is.", fix: "Resume the queue first." });
  }
  const training = trainingInTheWay(parts);
  const order = new JobOrder(table);
  order.change(() => {
    order.putFirst(id, training?.id ?? null);
    if (training !== null) requestPause(parts, training, picture);
  });
  if (training !== null) table.publish(table.row(training.id));
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

function requestPause({ store }: RunNowParts, training: JobRow, picture: JobRow): void {
  if (pauseOf(training) !== null) return;
  const pause: Pause = { for: picture.id, subject: picture.subject };
  const waiting: Waiting = { code: pausingCode, text: `Saves its work and pauses for ${picture.subject}.`, jobId: picture.id };
  store.table.db
    .query("update job set pause = ?, waiting = ? where id = ? and token is ?")
    .run(JSON.stringify(pause), JSON.stringify(waiting), training.id, training.token);
}
