import type { Elysia } from "elysia";
import type { Gate } from "./gate.ts";
import { healthResponse } from "./health.ts";

/**
 * Answers from the moment the server listens. Making the routes takes about as long as all before it; until they are
 * there, who asks for the health is answered, and everybody else waits.
 */
export class Front {
  private routes: Elysia["fetch"] | null = null;
  private readonly ready = Promise.withResolvers<Elysia["fetch"]>();

  constructor(private readonly gate: Gate) {}

  open(routes: Elysia["fetch"]): void {
    this.routes = routes;
    this.ready.resolve(routes);
  }

  readonly fetch = (request: Request): Response | Promise<Response> => (this.routes === null ? this.early(request) : this.routes(request));

  private async early(request: Request): Promise<Response> {
    if (request.method === "GET" && new URL(request.url).pathname === "/health") return this.gate(request) ?? healthResponse(request);
    const routes = await this.ready.promise;
    return routes(request);
  }
}
