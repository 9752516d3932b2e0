import { endLeftovers } from "../testing/executable.ts";
import { actions } from "./actions.ts";
import { checkFiles } from "./files.ts";
import { type Action, describeAction, makePlan } from "./plan.ts";
import { checkLeftovers, checkLogs, checkRecords, settle } from "./verdict.ts";
import { Watcher } from "./watch.ts";
import { World } from "./world.ts";

export interface ChaosOptions {
  readonly seed: number;
  readonly steps: number;
  readonly executable?: string;
  /** Keep the folder of a seed that failed. */
  readonly keep?: boolean;
  readonly say?: (line: string) => void;
}

export interface ChaosResult {
  readonly seed: number;
  readonly steps: number;
  readonly kills: number;
  readonly jobs: number;
  /** How many jobs ended in which way, as the tab saw it. */
  readonly ends: Readonly<Record<string, number>>;
  readonly resumes: number;
  readonly refetches: number;
  readonly seconds: number;
  readonly problems: readonly string[];
  readonly protocol: readonly string[];
  readonly skipped: readonly string[];
}

const speed = 20;
const actionLimitMs = 180_000;

/** One server through one plan. Everything that is wrong at the end is in `problems`. */
export async function runChaos({ seed, steps, executable, keep, say = () => {} }: ChaosOptions): Promise<ChaosResult> {
  const begun = performance.now();
  // Every fourth seed gets a disk that can be filled, every fourth a clock that jumps.
  const wantsDisk = seed % 4 === 0;
  const wantsClock = seed % 4 === 2;
  const world = await World.make({ speed, wantsDisk, wantsClock, ...(executable === undefined ? {} : { executable }) });
  const skipped = [...(wantsDisk && !world.disk.canFill ? ["full-disk: no memory disk may be mounted here"] : []), ...(wantsClock && !world.clock ? ["clock-jump: libfaketime is not installed"] : [])];
  const protocol: string[] = [];
  try {
    const plan = makePlan(seed, steps, { disk: world.disk.canFill, clock: world.clock !== null });
    const watcher = new Watcher(world);
    try {
      for (const action of plan) {
        const line = `${describeAction(action)}: ${await perform(world, action)}`;
        protocol.push(line);
        say(line);
      }
      await settle(world);
      // A disk that was full may have swallowed log lines; that the job lives is what was promised.
      if (!plan.some(({ kind }) => kind === "full-disk")) world.problems.push(...(await checkLogs(world)));
      await world.end("SIGTERM");
    } finally {
      await watcher.end();
    }
    world.problems.push(...(await checkLeftovers(world)), ...checkRecords(world), ...(await checkFiles(world)));
  } catch (error) {
    world.problems.push(`chaos itself failed: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    world.browser.close();
    await world.end("SIGKILL");
    await endLeftovers(world.folder);
    if (!keep || world.problems.length === 0) world.disk.remove();
    else say(`kept: ${world.folder}`);
  }
  const { resumes, refetches } = world.browser;
  return {
    seed, steps, kills: world.kills, jobs: world.wishes.filter(({ id }) => id !== null).length, ends: countEnds(world), resumes, refetches,
    seconds: (performance.now() - begun) / 1000, problems: world.problems, protocol, skipped,
  };
}

function countEnds({ wishes, browser }: World): Record<string, number> {
  const ends: Record<string, number> = {};
  for (const { id } of wishes) if (id !== null) ends[browser.stateOf(id) ?? "unseen"] = (ends[browser.stateOf(id) ?? "unseen"] ?? 0) + 1;
  return ends;
}

async function perform(world: World, action: Action): Promise<string> {
  await Bun.sleep(action.afterMs);
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${action.kind} did not end within ${actionLimitMs} ms`)), actionLimitMs);
  });
  try {
    return await Promise.race([actions[action.kind](world, action), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A few lines that are enough to run the same again. */
export function reportOf({ seed, kills, jobs, ends, resumes, refetches, seconds, problems, protocol, skipped }: ChaosResult): string {
  const verdict = problems.length === 0 ? "ok  " : "FAIL";
  const head = `${verdict} seed ${seed}: ${kills} kills, ${jobs} jobs (${Object.entries(ends).map(([end, count]) => `${count} ${end}`).join(", ")}), ${resumes} resumes, ${refetches} refetches, ${seconds.toFixed(1)} s`;
  const notes = skipped.map((note) => `     skipped ${note}`);
  if (problems.length === 0) return [head, ...notes].join("\n");
  return [head, ...notes, ...protocol.map((line) => `     ${line}`), ...problems.map((problem) => `  !! ${problem}`), `     again: bun run chaos --seed ${seed} --steps ${protocol.length}`].join("\n");
}
