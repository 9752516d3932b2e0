import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ServicePlace, ToolCommand } from "../../plugins/plugin.ts";
import type { Log } from "../base/log.ts";
import { stopRequested } from "../process/exit.ts";
import { holderIdentity, readExit, readHolder, readSpec, readWhole, writeRecord } from "../process/records.ts";
import { isRunning } from "../process/identity.ts";
import { runHeld } from "../process/run.ts";

/** Output of the last starts is kept for looking into crashes. */
const keptRuns = 5;
const recordFile = "service.json";

/** Where a tool runs now, so that the next server finds it again. Written before the start. */
export interface ServiceRecord {
  readonly runId: string;
  readonly port: number;
}

/** The folder of one tool: its own files under `home`, one run folder for each start under `runs`. */
export class ServiceStore {
  constructor(readonly dir: string) {}

  get home(): string {
    const home = join(this.dir, "home");
    mkdirSync(home, { recursive: true, mode: 0o700 });
    return home;
  }

  place(port: number): ServicePlace {
    return { dir: this.home, port };
  }

  runDir(runId: string): string {
    return join(this.dir, "runs", runId);
  }

  read(): ServiceRecord | null {
    return readWhole<ServiceRecord>(this.dir, recordFile);
  }

  /** Older run folders are removed here. Run ids are ordered by time. */
  write(record: ServiceRecord): void {
    const runs = join(this.dir, "runs");
    mkdirSync(runs, { recursive: true, mode: 0o700 });
    const old = readdirSync(runs).filter((name) => name !== record.runId).sort().slice(0, -(keptRuns - 1));
    for (const name of old) rmSync(join(runs, name), { recursive: true, force: true });
    writeRecord(this.dir, recordFile, record);
  }

  /** The run that an earlier server started and that is to go on, with its command; null: none. */
  findRunning(): (ServiceRecord & { readonly command: ToolCommand }) | null {
    const found = this.findUnfinished();
    const holder = found && readHolder(this.runDir(found.runId));
    return found && holder && isRunning(holderIdentity(holder)) && !stopRequested(this.runDir(found.runId)) ? found : null;
  }

  /** Stops whatever an earlier server left, started or half started; resolves when nothing of it is left. */
  async clearLeftover(self: readonly string[], log: Log, detach?: AbortSignal): Promise<void> {
    const found = this.findUnfinished();
    if (!found) return;
    const { runId, command } = found;
    await runHeld({
      dir: this.runDir(runId), runId, correlationId: runId, self, command, log,
      signal: AbortSignal.abort(), detach, onLine: () => {},
    });
  }

  private findUnfinished(): (ServiceRecord & { readonly command: ToolCommand }) | null {
    const record = this.read();
    const spec = record && readSpec(this.runDir(record.runId));
    if (!record || !spec || readExit(this.runDir(record.runId))) return null;
    return { ...record, command: { ...spec.command, env: {} } };
  }
}

/** Whether two commands run the same program in the same way; what they inherit may differ. */
export function isSameCommand(one: ToolCommand, other: ToolCommand): boolean {
  const essence = ({ file, args, cwd }: ToolCommand) => JSON.stringify([file, args, cwd]);
  return essence(one) === essence(other);
}
