import { LineSplitter } from "../../server/process/lines.ts";
import { ProgressTracker, type ProgressUpdate } from "./watch/progress.ts";
import type { StageId } from "./watch/stages.ts";
import { Transcript } from "./watch/transcript.ts";
import { remarksIn } from "./watch/warnings.ts";

export interface Replayed {
  readonly lines: readonly string[];
  readonly tail: string[];
  /** Stages in the order in which they were entered. */
  readonly seen: StageId[];
  readonly last: ProgressUpdate;
  readonly remarks: string[];
}

/** Reads the bytes of a whole training as the server and the backend do. */
export function replay(bytes: Uint8Array, jobName: string, totalSteps: number): Replayed {
  const tracker = new ProgressTracker({ jobName, totalSteps, preparations: 2 });
  const transcript = new Transcript();
  const seen: StageId[] = [tracker.stage];
  const remarks: string[] = [];
  const splitter = new LineSplitter();
  for (const line of [...splitter.push(bytes), ...splitter.end()]) {
    const text = transcript.add(line);
    if (text === null) continue;
    tracker.text(text);
    remarks.push(...remarksIn(text));
    if (seen.at(-1) !== tracker.stage) seen.push(tracker.stage);
  }
  return { lines: transcript.lines(), tail: transcript.tail(), seen, last: tracker.snapshot(), remarks };
}
