import { seededRandom } from "../../server/testing/random.ts";
import type { Description } from "./description.ts";
import { Judge, type Schema } from "./json-schema.ts";
import { Requests, type Case } from "./requests.ts";
import { World, type Call } from "./world.ts";

export interface Report {
  readonly cases: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** How many cases were outside of the description. */
  readonly outside: number;
  /** Each kind of fault once for each operation, with a case that shows it. */
  readonly faults: readonly string[];
}

/** Left out: they start tools and works that would load the machine or copy the databases; other tests try them. */
const leftOut =
  /^(post \/api\/(queue\/resume|services\/\{name\}\/start|backups|generation\/\{id\}\/run-now)|get \/api\/events)$/;
const atOnce = 6;
const casesBetweenTidying = 400;
const mostFaults = 50;
/** A body has more to get wrong than an address. */
const bodyWeight = 3;

/** Sends `count` requests drawn from the server's own description. The same seed draws the same requests as long as the answers are the same. */
export async function fuzz(call: Call, count: number, seed: number): Promise<Report> {
  const description = (await (await call("/api/openapi.json")).json()) as Description;
  const judge = new Judge(description.components.schemas);
  const world = new World(call);
  await world.prepare();
  const operations = Object.entries(description.paths)
    .flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => ({ method, path, operation })))
    .filter(({ method, path }) => !leftOut.test(`${method} ${path}`));
  const withBody = operations.filter(({ operation }) => operation.requestBody !== undefined);
  const weighted = [...operations, ...Array.from({ length: bodyWeight }, () => withBody).flat()];
  const requests = new Requests(seededRandom(seed), judge, weighted, world);
  const statuses: Record<string, number> = {};
  const faults = new Map<string, string>();
  let outside = 0;
  let sent = 0;
  const work = async () => {
    while (sent < count && faults.size < mostFaults) {
      const wish = requests.next();
      if (++sent % casesBetweenTidying === 0) await world.tidy();
      if (wish.outside !== null) outside += 1;
      const { status, fault, text } = await judged(call, wish, judge);
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (status < 300) world.learn(text);
      const key = `${wish.method} ${wish.path}: ${fault?.replaceAll(/\d+/g, "n").slice(0, 60)}`;
      if (fault !== null && !faults.has(key))
        faults.set(
          key,
          `${wish.method} ${wish.url.slice(0, 300)} ${String(wish.init.body ?? "").slice(0, 300)} → ${status}: ${fault} (${wish.outside ?? "inside"}) ${text.slice(0, 400)}`,
        );
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { cases: sent, statuses, outside, faults: [...faults.values()] };
}

async function judged(
  call: Call,
  wish: Case,
  judge: Judge,
): Promise<{ status: number; fault: string | null; text: string }> {
  const answer = await call(wish.url, { ...wish.init, redirect: "manual" });
  const mediaType = (answer.headers.get("content-type") ?? "").split(";")[0]!;
  const isEndless = mediaType === "text/event-stream";
  if (isEndless) await answer.body?.cancel();
  const text =
    isEndless || !/json|text/.test(mediaType)
      ? isEndless
        ? ""
        : String((await answer.bytes()).length)
      : await answer.text();
  return { status: answer.status, fault: faultOf(wish, answer.status, mediaType, text, judge), text };
}

/** Refusals inside the description that are told about no single field, or only by rules that no schema can say. */
const otherRules =
  /^(triggerWord|method|values(\..*)?|preset|model|aspectRatio|width|height|count|steps|guidance|loras(\..*)?|status|token)$/;

function faultOf(wish: Case, status: number, mediaType: string, text: string, judge: Judge): string | null {
  const described = wish.operation.responses[status];
  if (status >= 500 && ![501, 503, 507].includes(status)) return "an internal error";
  if (described === undefined) return `the status ${status} is not described`;
  if (wish.method !== "HEAD") {
    const fault = faultOfBody(described.content, mediaType, text, judge);
    if (fault !== null) return fault;
  }
  if (wish.outside !== null) return status < 400 ? `accepted although ${wish.outside}` : null;
  if (status !== 422 && status !== 400 && status !== 415) return null;
  const { error } = JSON.parse(text || "{}") as { error?: { code: string; fields?: Array<{ path: string }> } };
  if (error?.code !== "invalid_input" || error.fields === undefined) return null;
  const paths = error.fields.map((field) => field.path).filter((path) => !otherRules.test(path));
  return paths.length > 0 ? `refused inside its schema at ${paths.join()}` : null;
}

function faultOfBody(
  content: Readonly<Record<string, { schema?: object }>> | undefined,
  mediaType: string,
  text: string,
  judge: Judge,
): string | null {
  if (content === undefined) return text === "" || text === "0" ? null : "a body that is not described";
  const schema = content[mediaType] ?? content["*/*"];
  if (schema === undefined) return `the content type ${mediaType} is not described`;
  if (schema.schema === undefined) return null;
  try {
    return judge.fault(schema.schema as Schema, JSON.parse(text), true);
  } catch {
    return "no JSON";
  }
}
