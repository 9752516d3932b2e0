import { t } from "elysia";
import { Obstacle } from "./obstacle.ts";

/** The one error shape of the API. `what`, `why` and `fix` are sentences for a person, not for a programmer. */
export const ErrorBody = t.Object({
  error: t.Object({
    code: t.String(),
    what: t.String(),
    why: t.String(),
    fix: t.String(),
    correlationId: t.String(),
    /** Field problems of a refused form, by path; absent elsewhere. */
    fields: t.Optional(t.Array(t.Object({ path: t.String(), message: t.String() }))),
    /** With the code `cannot_run`: all that keeps this work from running here, each with its own way out. */
    obstacles: t.Optional(t.Array(Obstacle)),
  }),
});
export type ErrorBody = typeof ErrorBody.static;
