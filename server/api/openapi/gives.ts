import type { TSchema } from "elysia";
import type { Taken } from "../input/takes.ts";

type Given<R> = { [Status in keyof R]: R[Status] extends TSchema ? Taken<R[Status]> : never };

/**
 * What a route answers, by status. The compiler holds the handler to it, and the tests hold every answer of the executable to the
 * description made from it; it is not checked again in each run: Elysia's checks of answers cost the first page 12 MB, and time with
 * each answer.
 */
export function gives<const R extends Readonly<Record<number, TSchema>>>(schemas: R): { response: Given<R> } {
  const response = Object.entries(schemas).map(([status, schema]) => [
    status, { "~standard": { version: 1, vendor: "isengard", validate: (value: unknown) => ({ value }) }, schema },
  ]);
  return { response: Object.fromEntries(response) } as { response: Given<R> };
}
