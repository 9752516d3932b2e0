import { t } from "elysia";
import { JobState } from "../contract/job.ts";
import { Id } from "../contract/text.ts";
import { wholeNumber } from "../contract/whole-number.ts";
import { AppError } from "../base/errors.ts";
import type { SubmitContext } from "../jobs/queue/queue.ts";
import { allStates, openStates } from "../jobs/store/states.ts";
import { correlationOf } from "./gate/context.ts";

const defaultLimit = 100;

export const JobListQuery = t.Object({
  characterId: t.Optional(Id),
  /** States, separated by commas. */
  status: t.Optional(t.String({ maxLength: 200 })),
  limit: t.Optional(wholeNumber({ minimum: 1, maximum: 500 })),
  /** Id of the last job of the page before. */
  before: t.Optional(Id),
});

export const oldListNames = { character_id: "characterId" };

export const JobIdParams = t.Object({ id: Id });

export function filterOf(query: typeof JobListQuery.static) {
  return {
    characterId: query.characterId, states: statesOf(query.status), before: query.before,
    limit: query.limit ?? defaultLimit,
  };
}

/** Names of the earlier system stand for the states that they cover. */
const oldNames: Readonly<Record<string, readonly JobState[]>> = {
  pending: ["queued"], completed: ["succeeded"], open: openStates,
};

function statesOf(status: string | undefined): JobState[] | undefined {
  if (status === undefined || status === "" || status === "all") return undefined;
  return status.split(",").flatMap((name) => {
    const state = allStates.find((candidate) => candidate === name);
    if (state !== undefined) return [state];
    if (Object.hasOwn(oldNames, name)) return [...oldNames[name]!];
    throw new AppError("invalid_input", `There is no job state ${JSON.stringify(name.slice(0, 40))}.`, {
      why: `The states are ${allStates.join(", ")}.`, fields: [{ path: "status", message: "is not a state" }],
    });
  });
}

export function submitContextOf(request: Request): SubmitContext {
  return { correlationId: correlationOf(request), idempotencyKey: request.headers.get("idempotency-key") };
}
