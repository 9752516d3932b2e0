import type { Elysia } from "elysia";
import { afterBody } from "./connection-time.ts";
import type { Gate } from "./gate.ts";
import { hasBody } from "../http/body-limits.ts";
import { correlationOf, isLoggedIn } from "./context.ts";
import { healthResponse } from "./health.ts";
import { secureHeaders } from "./secure-headers.ts";
import { wantsWebSocket } from "../http/conditions.ts";

type Routes = Elysia["fetch"];

/**
 * Answers from the moment the server listens. Making the routes takes about as long as all before it; until they are
 * there, who asks for the health or is logged in and opens the first page is answered, and everybody else waits.
 */
export class Front {
  private routes: Routes | null = null;
  private readonly ready = Promise.withResolvers<Routes>();

  constructor(private readonly gate: Gate, private readonly firstPage: (request: Request) => Promise<Response>) {}

  open(routes: Routes): void {
    this.routes = routes;
    this.ready.resolve(routes);
  }

  readonly fetch = (request: Request, server: Bun.Server<unknown> | null = null): Response | Promise<Response> => {
    const answer = this.answer(request);
    return hasBody(request) ? afterBody(request, answer, server) : answer;
  };

  private answer(request: Request): Response | Promise<Response> {
    if (this.routes === null) return this.early(request);
    if (request.method === "HEAD" && isHeadOfGet(request.url)) return headOf(request, this.routes);
    spellUpgrade(request);
    return this.routes(request);
  }

  private async early(request: Request): Promise<Response> {
    const path = request.method === "GET" ? URL.parse(request.url)?.pathname : undefined;
    if (path === "/health") return this.gate(request) ?? healthResponse(request);
    const page = path === "/" ? await this.earlyPage(request) : null;
    if (page !== null) return page;
    await this.ready.promise;
    return this.answer(request);
  }

  /** Null: the routes answer, who also know how to refuse and what to say of an error. */
  private async earlyPage(request: Request): Promise<Response | null> {
    if (this.gate(request) !== null || !isLoggedIn(request)) return null;
    const page = await this.firstPage(request).catch(() => null);
    for (const [name, value] of Object.entries({ ...secureHeaders, "x-correlation-id": correlationOf(request) })) page?.headers.set(name, value);
    return page;
  }
}

/** Uploads have a HEAD of their own, a link's code must not be used up by one, and a stream has no length. */
function isHeadOfGet(url: string): boolean {
  const path = URL.parse(url)?.pathname;
  return path !== undefined && !/^\/(api\/uploads\/|open$|.*\/stream$)/.test(path);
}

/** What GET answers, with its length and without its body (RFC 9110 9.3.2). The router would count a file by reading it. */
async function headOf(request: Request, routes: Routes): Promise<Response> {
  const answer = await routes(new Request(request.url, { method: "GET", headers: request.headers }));
  const headers = new Headers(answer.headers);
  if (headers.has("content-length")) await answer.body?.cancel();
  else if (answer.body !== null) headers.set("content-length", String((await answer.arrayBuffer()).byteLength));
  return new Response(null, { status: answer.status, headers });
}

/** The router knows one spelling. */
function spellUpgrade(request: Request): void {
  if (request.headers.has("upgrade") && wantsWebSocket(request)) request.headers.set("upgrade", "websocket");
}
