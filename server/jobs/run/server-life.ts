import type { Database } from "bun:sqlite";
import { readFileSync } from "node:fs";
import { readMemory } from "../../process/memory.ts";
import type { ServerEnd } from "./poison.ts";

interface RunRow { readonly how: string | null; readonly boot_id: string; readonly oom_kills: number }

/** Lives of the server that are remembered; open jobs refer only to the newest. */
const runsKept = 100;

/** Writes down when the server lives, so that the next one knows how this one ended. */
export class ServerLife {
  readonly id = crypto.randomUUID();
  private readonly onExit = (code: number) => {
    // Reached with an error that nobody caught, not with SIGKILL: that is what tells the two apart.
    if (code !== 0) this.end("crashed");
  };

  constructor(
    private readonly db: Database,
    private readonly countOomKills: () => number = () => readMemory().oomKills,
  ) {}

  begin(): void {
    this.db
      .query("insert into server_run (id, started_at, boot_id, oom_kills) values (?, ?, ?, ?)")
      .run(this.id, new Date().toISOString(), bootId(), this.countOomKills());
    this.db.query("delete from server_run where rowid <= (select max(rowid) from server_run) - ?").run(runsKept);
    process.once("exit", this.onExit);
  }

  /** Called on a clean stop; jobs that go on are not accused of anything. */
  drained(): void {
    process.off("exit", this.onExit);
    this.end("drained");
  }

  /** How an earlier life ended, as far as it can be known. */
  endOf(id: string | null): ServerEnd {
    // A take-over that a fault of the disk broke off is begun again: nobody has died since.
    if (id === this.id) return "drained";
    const run = id === null ? null : this.db.query<RunRow, [string]>("select how, boot_id, oom_kills from server_run where id = ?").get(id);
    if (run === null) return "drained";
    if (run.how === "drained" || run.how === "crashed") return run.how;
    return run.boot_id === bootId() && this.countOomKills() > run.oom_kills ? "memory" : "unknown";
  }

  private end(how: "drained" | "crashed"): void {
    try {
      this.db.query("update server_run set ended_at = ?, how = ? where id = ? and how is null").run(new Date().toISOString(), how, this.id);
    } catch {
      // The disk refuses or the database is closed: the next server then takes it for a death without a word.
    }
  }
}

function bootId(): string {
  return readText("/proc/sys/kernel/random/boot_id").trim();
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // not Linux, or hidden from us: then there is no evidence
  }
}
