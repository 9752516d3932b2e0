import { isActive } from "../../server/jobs/store/states.ts";
import type { JobRow, Records, Step } from "./history.ts";
import type { Wish, World } from "./world.ts";

/** The end of a job must follow from what was done to it. */
export function checkEnd(world: World, job: JobRow, records: Records): string[] {
  const wish = world.wishes.find(({ key }) => key === job.idempotency_key);
  const steps = records.steps.filter((step) => step.job_id === job.id);
  const problems = [...checkStop(job, wish, steps), ...checkResults(job, wish, records)];
  if (job.state === "failed") problems.push(...checkFailure(world, job, wish, steps));
  return problems;
}

/** Says it without the table of states: a mistake in that table must not excuse itself. */
function checkStop({ id, state }: JobRow, wish: Wish | undefined, steps: readonly Step[]): string[] {
  const problems: string[] = [];
  const stoppedAt = steps.findIndex(({ to_state }) => to_state === "stopping" || to_state === "cancelled");
  if (wish?.cancel === "acknowledged" && stoppedAt < 0) problems.push(`${id}: its stop was acknowledged and forgotten`);
  const after = stoppedAt < 0 ? [] : steps.slice(stoppedAt).map(({ to_state }) => to_state);
  if (after.some((to) => !["stopping", "cancelled", "succeeded", "failed"].includes(to))) problems.push(`${id} was stopped and went on: ${after.join(" → ")}`);
  if (state === "cancelled" && wish?.cancel === "never") problems.push(`${id} was cancelled, but nobody asked for that`);
  const attempts = steps.map(({ attempt }) => attempt);
  if (steps.some(({ from_state }, index) => (from_state === null) !== (index === 0))) problems.push(`${id} was made more than once`);
  if (attempts.some((attempt, index) => attempt > (attempts[index - 1] ?? 0) + 1)) problems.push(`${id} skipped an attempt: ${attempts.join(", ")}`);
  return problems;
}

/** Tries that a job has before it fails by being killed again and again; other classes wait for a person at once. */
const triesOf: Readonly<Record<string, number>> = { killed: 2, native_crash: 2, interrupted_too_often: 3 };

const serverDeaths = 10;

function checkFailure(world: World, { id, failure }: JobRow, wish: Wish | undefined, steps: readonly Step[]): string[] {
  const { code = "", what = "", fix = "" } = JSON.parse(failure ?? "{}") as { code?: string; what?: string; fix?: string };
  const hurts = world.hurts.filter((hurt) => mayHaveMet(world, hurt, wish, steps));
  const problems: string[] = [];
  if (what === "" || fix === "") problems.push(`${id} failed without a word on what to do: ${failure}`);
  if (["", "internal", "unknown", "unreadable_job", "unknown_kind"].includes(code)) problems.push(`${id} failed by our own mistake: ${failure}`);
  const needed = hurts.some((hurt) => hurt.what === "disk") ? 1 : (triesOf[code] ?? 1);
  // Ten deaths of the server in a row, while the job does not get ahead, are held against the job (Q13): here we are the killer.
  if (code === "server_died" && world.serverKills >= serverDeaths) return problems;
  if (hurts.length < needed) problems.push(`${id} failed although it was hurt only ${hurts.length} times: ${failure}`);
  return problems;
}

/** A tool that was killed shortly before a job came may be met by it all the same. */
const noticedMs = 3_000;

/** Whether the job ran when it happened. Where the server's clock jumps its times tell nothing but the order. */
function mayHaveMet({ clock }: World, { at, time }: World["hurts"][number], wish: Wish | undefined, steps: readonly Step[]): boolean {
  if (wish === undefined || at < wish.madeAt) return false;
  if (clock !== null) return true;
  return steps.some((step, index) => {
    const until = steps[index + 1]?.at;
    return isActive(step.to_state) && time > Date.parse(step.at) - noticedMs && (until === undefined || time <= Date.parse(until));
  });
}

function checkResults({ id, kind, state }: JobRow, wish: Wish | undefined, { outputs, loras }: Records): string[] {
  const problems: string[] = [];
  const pictures = outputs.filter((output) => output.job_id === id).map(({ index }) => index);
  if (new Set(pictures).size !== pictures.length) problems.push(`${id} has a picture twice: ${pictures.join(", ")}`);
  if (state !== "succeeded") return problems;
  const wanted = kind === "generation" ? Number(wish?.body["count"]) : 0;
  if (pictures.join() !== Array.from({ length: wanted }, (_, index) => index).join()) problems.push(`${id} succeeded with the pictures ${pictures.join(", ")} of ${wanted}`);
  const made = loras.filter((lora) => lora.job_id === id).length;
  if (made !== (kind === "training" ? 1 : 0)) problems.push(`${id} succeeded with ${made} LoRAs`);
  return problems;
}
