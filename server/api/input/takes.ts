import { t, type Static, type TSchema } from "elysia";
import { mayTakeTime } from "../gate/connection-time.ts";
import { isLoggedIn } from "../gate/context.ts";
import { jsonBytes } from "../http/body-limits.ts";
import { bodyBytes, patience } from "../http/body-bytes.ts";
import { OpenBodies } from "../http/open-bodies.ts";
import { BodyBytes, readBody } from "./read-body.ts";
import { QueryText, queryOf, readParams, readQuery } from "./read-query.ts";

/** A schema that Elysia asks through the Standard Schema interface (standardschema.dev, version 1), so that every check is ours. */
export interface Taken<S extends TSchema> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: "isengard";
    readonly validate: (value: unknown) => { value: Static<S> };
    readonly types?: { readonly input: unknown; readonly output: Static<S> };
  };
  /** What the description of the API shows. */
  readonly schema: S;
}

export interface Parts {
  readonly body?: TSchema;
  readonly query?: TSchema;
  readonly params?: TSchema;
  /** Earlier names in the query, with the present one of each. */
  readonly oldQuery?: Readonly<Record<string, string>>;
  /** Gives names of the earlier systems their present ones; throws AppError for what would mean something else. */
  readonly old?: (body: unknown) => unknown;
  /** A longer body is refused before it is read to its end. */
  readonly limitBytes?: number;
  /** The route reads the body itself, as it arrives. */
  readonly raw?: boolean;
}

type Checked<P extends Parts> = (P["body"] extends TSchema ? { body: Taken<P["body"]> } : unknown) &
  (P["query"] extends TSchema ? { query: Taken<P["query"]> } : unknown) &
  (P["params"] extends TSchema ? { params: Taken<P["params"]> } : unknown);

type Hooks<P extends Parts> = Checked<P> & { parse: "none" | BodyReader; transform: typeof keepQuery };

type BodyReader = (context: { request: Request; server: Bun.Server<unknown> | null }) => Promise<BodyBytes>;

const nothing = t.Object({});
const emptyLimitBytes = 4 * 1024;

/**
 * What a route takes, to be spread into its hook. Body, query and path are strict: a name that no schema knows is refused with
 * the nearest one, a value outside its range with what is allowed, and every text is cleaned. What is left out here takes nothing.
 */
export function takes<const P extends Parts>(parts: P): Hooks<P> {
  const { body = null, query = nothing, params, old = (value) => value, raw = false } = parts;
  const { limitBytes = body === null ? emptyLimitBytes : jsonBytes } = parts;
  const hooks = {
    query: taken(query, (value) =>
      readQuery(query, value instanceof QueryText ? value : new QueryText(""), parts.oldQuery),
    ),
    transform: keepQuery,
    parse: raw ? ("none" as const) : bodyReader(limitBytes),
    ...(raw ? {} : { body: taken(body ?? nothing, (value) => readBody(body, value, old)) }),
    ...(params === undefined ? {} : { params: taken(params, (value) => readParams(params, value)) }),
  };
  return hooks as unknown as Hooks<P>;
}

function taken<S extends TSchema>(schema: S, read: (value: unknown) => unknown): Taken<S> {
  return {
    "~standard": { version: 1, vendor: "isengard", validate: (value) => ({ value: read(value) as Static<S> }) },
    schema,
  };
}

/** Once the body is there, the answer may take as long as it needs. */
function bodyReader(limitBytes: number): BodyReader {
  return async ({ request, server }) => {
    const bytes = isLoggedIn(request) ? await bodyBytes(request, limitBytes, patience.known) : await bytesOfStranger(request, limitBytes);
    mayTakeTime(request, server);
    return new BodyBytes(bytes, request.headers.get("content-type") ?? "");
  };
}

const openBodies = new OpenBodies();

async function bytesOfStranger(request: Request, limitBytes: number): Promise<Uint8Array> {
  const { signal, leave } = openBodies.enter();
  try {
    return await bodyBytes(request, limitBytes, { ...patience.stranger, signal });
  } finally {
    leave();
  }
}

/** Elysia reads a query before it knows which names may be in it, and splits texts at commas. */
function keepQuery(context: { request: Request; query: unknown }): void {
  context.query = queryOf(context.request.url);
}
