import { instance } from "../../base/identity.ts";
import { correlationOf } from "./context.ts";
import { secureHeaders } from "./secure-headers.ts";

/** The server runs and has its data. Whether work can be done is told by `/ready`. */
export const health = () => ({ status: "healthy" as const, instance });

/** The same for the time before there are routes. */
export function healthResponse(request: Request): Response {
  return Response.json(health(), { headers: { ...secureHeaders, "x-correlation-id": correlationOf(request) } });
}
