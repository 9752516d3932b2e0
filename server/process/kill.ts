import type { StopRung } from "../../plugins/plugin.ts";
import { groupOf, isRunning, signalGroupOf, signalProcess } from "./identity.ts";
import type { ProcessIdentity } from "./identity.ts";
import { findMarked } from "./marker.ts";

export interface StopOptions {
  readonly runId: string;
  /** null: the leader is not known; all that carries the mark is stopped. */
  readonly leader: ProcessIdentity | null;
  readonly rungs: readonly StopRung[];
  /** Aborted when the server leaves: no further signal is sent, and `done` rejects with the reason. */
  readonly detach?: AbortSignal;
  /** Called about once a minute while something survives SIGKILL (a process stuck in a driver). */
  onStuck?(left: readonly ProcessIdentity[]): void;
}

export interface StopWalk {
  /** Resolves when no process of the run is left; never before. */
  readonly done: Promise<void>;
  /** A second press: the next rung at once. */
  escalate(): void;
}

const firstPollMs = 10;
const maxPollMs = 100;
/** Between two scans that both must find nothing, since a process between fork and exec carries no mark yet. */
const secondLookMs = 15;
/** Workers may need a moment to notice that their leader ended; then they are asked themselves. */
const orphanGraceMs = 2_000;
const stuckReportMs = 60_000;

/** Walks down the rungs until nothing of the run is left; behind the last rung everything gets SIGKILL. */
export function stopRun(options: StopOptions): StopWalk {
  const walk = new Walk(options);
  return { done: walk.run(), escalate: () => walk.escalate() };
}

/** SIGKILL for all that is left of a run that has ended; resolves when nothing is. */
export async function sweep(options: Omit<StopOptions, "rungs">): Promise<void> {
  const { runId, leader, detach } = options;
  let pollMs = firstPollMs;
  let reportAt = performance.now() + stuckReportMs;
  while (!(await nothingLeft(runId, leader))) {
    detach?.throwIfAborted();
    const left = findMarked(runId);
    if (leader && isRunning(leader)) signalGroupOf(leader, leader.pid, "SIGKILL");
    for (const each of left) signalProcess(each, "SIGKILL");
    if (performance.now() > reportAt) {
      reportAt += stuckReportMs;
      options.onStuck?.(left);
    }
    await Bun.sleep(pollMs);
    pollMs = Math.min(pollMs * 2, maxPollMs);
  }
}

class Walk {
  private pressed = Promise.withResolvers<void>();
  private escalated = false;

  constructor(private readonly options: StopOptions) {}

  escalate(): void {
    this.escalated = true;
    this.pressed.resolve();
  }

  async run(): Promise<void> {
    for (const rung of this.options.rungs) {
      this.options.detach?.throwIfAborted();
      if (await nothingLeft(this.options.runId, this.options.leader)) return;
      if (!this.signal(rung)) continue;
      if (await this.goneWithin(rung)) return;
      this.escalated = false;
      this.pressed = Promise.withResolvers<void>();
    }
    await sweep(this.options);
  }

  /** false: there was nobody to signal on this rung. */
  private signal(rung: StopRung): boolean {
    const { leader, runId } = this.options;
    if (rung.target === "leader") return leader !== null && signalProcess(leader, rung.signal);
    const marked = findMarked(runId);
    const member = leader && [leader, ...marked].find((each) => groupOf(each.pid) === leader.pid);
    const inGroup = member ? signalGroupOf(member, leader.pid, rung.signal) : false;
    // Once each: two SIGINT would make Python break off its own cleaning up.
    const outside = marked.filter((each) => !inGroup || groupOf(each.pid) !== leader?.pid);
    return outside.map((each) => signalProcess(each, rung.signal)).some(Boolean) || inGroup;
  }

  private async goneWithin(rung: StopRung): Promise<boolean> {
    const { runId, leader, detach } = this.options;
    const end = performance.now() + rung.waitMs;
    let orphansUntil = Infinity;
    let pollMs = firstPollMs;
    while (!this.escalated) {
      const leaderGone = leader === null || !isRunning(leader);
      if (leaderGone && (await nothingLeft(runId, leader))) return true;
      const now = performance.now();
      if (leaderGone && rung.target === "leader") orphansUntil = Math.min(orphansUntil, now + orphanGraceMs);
      if (now > end || now > orphansUntil) return false;
      detach?.throwIfAborted();
      await Promise.race([Bun.sleep(Math.min(pollMs, Math.max(1, end - now))), this.pressed.promise]);
      pollMs = Math.min(pollMs * 1.5, maxPollMs);
    }
    return false;
  }
}

async function nothingLeft(runId: string, leader: ProcessIdentity | null): Promise<boolean> {
  const clean = () => (leader === null || !isRunning(leader)) && findMarked(runId).length === 0;
  if (!clean()) return false;
  await Bun.sleep(secondLookMs);
  return clean();
}
