import { Elysia } from "elysia";
import { correlationOf } from "./context.ts";
import { secureHeaders } from "./secure-headers.ts";

/** Adds the security headers and the correlation id to every answer, errors included. */
export function responseHeaders() {
  return new Elysia({ name: "response-headers" }).onRequest(({ request, set }) => {
    Object.assign(set.headers, secureHeaders);
    set.headers["x-correlation-id"] = correlationOf(request);
    if (new URL(request.url).pathname.startsWith("/api/")) set.headers["cache-control"] = "private, no-store";
  });
}
