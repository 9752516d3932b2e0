import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { PythonError } from "./python.ts";

const busyTimeoutMs = 30_000;

/** The trainer's side of the control database: writes status and step, reads the flags. */
export class TrainerDb {
  readonly #db: Database;
  readonly #jobId: string;
  /** Set once a flag has ended the training, so that the error is not written over it. */
  stopping = false;

  private constructor(path: string, jobId: string) {
    this.#db = new Database(path, { readwrite: true });
    this.#db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    // A simulated training makes hundreds of steps a second; syncing each would measure the disk.
    this.#db.run("PRAGMA synchronous = OFF");
    this.#jobId = jobId;
  }

  /** Only with an existing file and `AITK_JOB_ID`, as the real trainer. */
  static open(path: string, jobId: string | undefined): TrainerDb | null {
    return existsSync(path) && jobId !== undefined ? new TrainerDb(path, jobId.trim()) : null;
  }

  status(status: string, info: string): void {
    this.#db.run("UPDATE Job SET status = ?, info = ? WHERE id = ?", [status, info, this.#jobId]);
  }

  set(column: "step" | "speed_string" | "save_now" | "sample_now", value: string | number): void {
    this.#db.run(`UPDATE Job SET ${column} = ? WHERE id = ?`, [String(value), this.#jobId]);
  }

  wants(flag: "save_now" | "sample_now"): boolean {
    return this.#flag(flag);
  }

  /** Throws the exception that ends the training when a stop or a return to the queue was asked for. */
  maybeStop(): void {
    const [status, info, message] = this.#flag("stop")
      ? ["stopped", "Job stopped", "Job stopped"]
      : this.#flag("return_to_queue") ? ["queued", "Job queued", "Job returning to queue"] : ["", "", ""];
    if (status === "") return;
    this.status(status, info);
    this.stopping = true;
    throw new PythonError("Exception", message);
  }

  close(): void {
    this.#db.close();
  }

  #flag(column: string): boolean {
    const row = this.#db.query<Record<string, unknown>, [string]>(`SELECT ${column} AS flag FROM Job WHERE id = ?`).get(this.#jobId);
    return row?.flag === 1 || row?.flag === "1";
  }
}
