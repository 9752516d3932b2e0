import type { LogLevel } from "../../contract/log.ts";
import type { OutputLine } from "../../../plugins/plugin.ts";
import type { JobLogWriter } from "../ports.ts";
import type { JobNotes } from "../store/notes.ts";
import { LetGo } from "./let-go.ts";

/** Lines that a tool said in one attempt and that are known again after a restart. */
const rememberedLines = 500;

export interface AttemptLogParts {
  readonly jobId: string;
  readonly attempt: number;
  readonly notes: JobNotes;
  readonly jobLog: JobLogWriter;
}

/** What a tool says in one attempt beside the output of its children. */
export class AttemptLog {
  private readonly said = new Map<string, number>();

  constructor(private readonly parts: AttemptLogParts) {}

  /** A tool that is called again after a restart says the same again; what this attempt has said is not written twice. */
  say(level: LogLevel, event: string, message: string, fields?: Record<string, unknown>): void {
    const { jobId, attempt, notes, jobLog } = this.parts;
    const key = `log.${attempt}.${new Bun.CryptoHasher("sha256").update(`${event}\n${message}`).digest("base64url").slice(0, 22)}`;
    const before = this.said.get(key) ?? 0;
    this.said.set(key, before + 1);
    const known = Number(notes.recall(jobId, key) ?? 0);
    if (before < known) return;
    jobLog.write(level, event, message, fields);
    // First into the file, then into memory: a crash between the two may double a line but never lose it.
    jobLog.flush();
    if (this.said.size <= rememberedLines) notes.remember(jobId, key, String(before + 1));
  }

  /** A parser's mistake is told once and must not end hours of work; what it missed is in the log. */
  tolerant(onLine: (line: OutputLine) => void): (line: OutputLine) => void {
    let told = false;
    return (line) => {
      try {
        onLine(line);
      } catch (error) {
        if (told || error instanceof LetGo) return;
        told = true;
        this.parts.jobLog.write("warn", "job.line-not-understood", "A line of the tool could not be read; the job goes on.", { error: String(error) });
      }
    };
  }
}
