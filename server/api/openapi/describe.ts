import type { Elysia, TSchema } from "elysia";
import { version } from "../../base/identity.ts";
import type { Taken } from "../input/takes.ts";
import { refusals, type Answers } from "./answers.ts";
import { componentSchemas, plainSchema, type JsonSchema } from "./schemas.ts";

export interface Parameter {
  readonly name: string;
  readonly in: "query" | "path" | "header";
  readonly required: boolean;
  readonly schema: JsonSchema;
  readonly description?: string;
}

export interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Readonly<Record<string, { schema: JsonSchema }>>;
  };
  readonly responses: Answers;
  readonly security?: ReadonlyArray<Record<string, readonly string[]>>;
}

export interface Description {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly security: ReadonlyArray<Record<string, readonly string[]>>;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: {
    readonly schemas: Record<string, JsonSchema>;
    readonly securitySchemes: Record<string, object>;
  };
}

interface Detail {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly hide?: boolean;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Operation["requestBody"];
  readonly responses?: Answers;
}

interface Hooks {
  readonly detail?: Detail;
  readonly body?: Taken<TSchema>;
  readonly query?: Taken<TSchema>;
  readonly params?: Taken<TSchema>;
  readonly response?: Readonly<Record<string, Taken<TSchema>>>;
}

/** Addresses that the gate leaves open. */
const open: ReadonlySet<string> = new Set(["/health", "/open", "/api/session"]);

/** The API in OpenAPI 3.1, from the very schemas that its requests and answers are held to. `cookie`: the name of the session. */
export function describe(app: Elysia, cookie: string): Description {
  const paths: Description["paths"] = {};
  for (const { method, path, hooks } of app.routes as unknown as ReadonlyArray<{
    method: string;
    path: string;
    hooks: Hooks;
  }>) {
    if (method === "WS" || hooks.detail?.hide === true || (hooks.detail === undefined && !path.startsWith("/api/")))
      continue;
    if (hooks.detail?.summary === undefined || hooks.query?.schema === undefined)
      throw new Error(`${method} ${path} does not say what it takes and is for.`);
    const place = path.replaceAll(/:(\w+)/g, "{$1}");
    (paths[place] ??= {})[method.toLowerCase()] = operationOf(method, path, hooks, hooks.detail);
  }
  paths["/api/events"] = { get: socket };
  return {
    openapi: "3.1.0",
    info: {
      title: "Isengard",
      version,
      description:
        "A name that is not described here is refused, in bodies and in queries. Earlier names of fields are listed in docs/earlier-routes.md.",
    },
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "What `isengard token` prints." },
        session: {
          type: "apiKey",
          in: "cookie",
          name: cookie,
          description: "A browser's login. Every write then needs the header X-Isengard.",
        },
      },
    },
  };
}

function operationOf(method: string, path: string, hooks: Hooks, detail: Detail): Operation {
  const { summary = "", description, tags = [] } = detail;
  const body = detail.requestBody ?? bodyOf(method, hooks.body?.schema);
  return {
    summary,
    ...(description === undefined ? {} : { description }),
    tags,
    parameters: [
      ...parametersOf("path", hooks.params?.schema),
      ...parametersOf("query", hooks.query?.schema),
      ...(detail.parameters ?? []),
    ],
    ...(body === undefined ? {} : { requestBody: body }),
    responses: {
      ...refusals(statusesOf(method, path, hooks, body !== undefined)),
      ...answersOf(hooks.response),
      ...detail.responses,
    },
    ...(open.has(path) ? { security: [] } : {}),
  };
}

function parametersOf(place: "path" | "query", schema: TSchema | undefined): Parameter[] {
  const required = new Set<string>(schema?.required ?? []);
  return Object.entries((schema?.properties ?? {}) as Record<string, TSchema>).map(([name, inner]) => ({
    name,
    in: place,
    required: place === "path" || required.has(name),
    schema: plainSchema(inner, true),
  }));
}

/** A route that takes nothing has the empty schema, which is not worth showing. */
function bodyOf(method: string, schema: TSchema | undefined): Operation["requestBody"] {
  const isEmpty = schema?.type === "object" && Object.keys(schema.properties ?? {}).length === 0;
  if (schema === undefined || isEmpty || method === "GET" || method === "HEAD") return undefined;
  return {
    required: schema.mayBeAbsent !== true,
    content: { "application/json": { schema: plainSchema(schema, true) } },
  };
}

function answersOf(response: Hooks["response"]): Answers {
  return Object.fromEntries(
    Object.entries(response ?? {}).map(([status, { schema }]) => [
      status,
      {
        description: wordsOf[status] ?? "The answer",
        content: { "application/json": { schema: plainSchema(schema, false) } },
      },
    ]),
  );
}

const wordsOf: Readonly<Record<string, string>> = {
  200: "The answer",
  201: "What was made",
  503: "The same, with the reasons",
};

/** What any such request can be refused with. */
function statusesOf(method: string, path: string, hooks: Hooks, hasBody: boolean): number[] {
  const isWrite = method !== "GET" && method !== "HEAD";
  const looksUp =
    path === "/api/uploads" ||
    hooks.params !== undefined ||
    hasBody ||
    Object.keys(hooks.query?.schema.properties ?? {}).length > 0;
  return [
    400,
    403,
    422,
    429,
    500,
    503,
    ...(open.has(path) && method === "GET" ? [] : [401]),
    ...(looksUp ? [404] : []),
    ...(isWrite ? [408, 409, 413, 415, 507] : []),
    ...(path.startsWith("/api/uploads") ? [412, 460] : []),
    ...(path === "/api/video" ? [501] : []),
  ];
}

const text = (maxLength: number): JsonSchema => ({ type: "string", maxLength });
const socket: Operation = {
  summary: "Live events over a WebSocket",
  description:
    "Upgrade this request to a WebSocket. With epoch and since, events that were missed follow; watch names up to 8 jobs.",
  tags: ["events"],
  parameters: ["epoch", "since", "watch"].map((name) => ({ name, in: "query", required: false, schema: text(1000) })),
  responses: {
    101: { description: "Switching to the WebSocket protocol" },
    ...refusals([400, 401, 403, 404, 500, 503]),
  },
};
