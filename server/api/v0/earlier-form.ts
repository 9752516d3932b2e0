import type { ErrorBody } from "../../contract/error.ts";
import { earlierMediaType } from "./media-type.ts";
import { type Beside, type EarlierRoute, earlierRoutes } from "./routes.ts";

type Answer = (request: Request) => Response | Promise<Response>;

/**
 * The answer in the form of the earlier system. A route that it did not have answers in today's form and says so by its content
 * type; a refusal is always `{detail}`.
 */
export async function answerEarlier(request: Request, answer: Answer): Promise<Response> {
  const url = new URL(request.url);
  const found = find(earlierRoutes, request.method, url.pathname);
  const response = await answer(
    found?.route.query === undefined ? request : requeried(request, url, found.route.query),
  );
  const isJson = (response.headers.get("content-type") ?? "").startsWith("application/json");
  if (response.status >= 400 && isJson && response.status !== 503) return refusal(response);
  if (found === null) return response;
  const { route, ids } = found;
  if (route.line !== undefined && response.body !== null) return lineByLine(response, (line) => route.line!(line, ids));
  if (route.answer === undefined || !isJson) return response;
  const beside: Beside = {
    ids,
    correlationId: response.headers.get("x-correlation-id") ?? "",
    look: (path) => look(request, answer, path),
  };
  const body: unknown = await response.json();
  if (isRefusal(body)) return refusalOf(body, response);
  const earlier: unknown = await (route.answer as (body: unknown, beside: Beside) => unknown)(body, beside);
  return json(earlier, route.status?.[response.status] ?? response.status, response.headers);
}

function find(
  routes: readonly EarlierRoute[],
  method: string,
  path: string,
): { route: EarlierRoute; ids: string[] } | null {
  for (const route of routes) {
    if (route.method !== method) continue;
    const match = new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, "([^/]+)")}/?$`).exec(path);
    if (match !== null) return { route, ids: match.slice(1) };
  }
  return null;
}

/** Only reads have such a query, so there is no body to carry over. */
function requeried(request: Request, url: URL, change: (query: URLSearchParams) => void): Request {
  change(url.searchParams);
  return new Request(url, { method: request.method, headers: request.headers, signal: request.signal });
}

async function look<T>(request: Request, answer: Answer, path: string): Promise<T | null> {
  const headers = new Headers(request.headers);
  for (const name of ["content-type", "content-length", "transfer-encoding", "accept", "range"]) headers.delete(name);
  const response = await answer(new Request(new URL(path, request.url), { headers, signal: request.signal }));
  return response.ok ? ((await response.json()) as T) : null;
}

/** What failed and why, in one text; and the two statuses that the earlier system had otherwise. */
async function refusal(response: Response): Promise<Response> {
  const body: unknown = await response.json();
  return isRefusal(body) ? refusalOf(body, response) : json(body, response.status, response.headers);
}

function isRefusal(body: unknown): body is ErrorBody {
  return typeof body === "object" && body !== null && "error" in body;
}

const earlierStatuses: Readonly<Record<string, number>> = { no_photos: 400, job_finished: 400 };

function refusalOf({ error }: ErrorBody, response: Response): Response {
  const detail = [error.what, error.why, error.fix].filter((text) => text !== "").join(" ");
  return json({ detail }, earlierStatuses[error.code] ?? response.status, response.headers);
}

function json(body: unknown, status: number, before: Headers): Response {
  const headers = new Headers(before);
  for (const name of ["content-length", "content-encoding", "etag"]) headers.delete(name);
  headers.set("content-type", earlierMediaType);
  headers.append("vary", "accept");
  return new Response(JSON.stringify(body), { status, headers });
}

/** A text of any length, one line in memory at a time. */
function lineByLine(response: Response, change: (line: string) => string): Response {
  let rest = "";
  const lines = new TransformStream<string, string>({
    transform(chunk, controller) {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop()!;
      if (parts.length > 0) controller.enqueue(`${parts.map(change).join("\n")}\n`);
    },
    flush(controller) {
      if (rest !== "") controller.enqueue(change(rest));
    },
  });
  const headers = new Headers(response.headers);
  for (const name of ["content-length", "etag", "accept-ranges"]) headers.delete(name);
  headers.append("vary", "accept");
  const decoded = response.body!.pipeThrough(
    new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>,
  );
  return new Response(decoded.pipeThrough(lines).pipeThrough(new TextEncoderStream()), {
    status: response.status,
    headers,
  });
}
