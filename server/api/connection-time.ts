import { hasBody } from "./gate-limits.ts";
import { AppError } from "../errors.ts";
import { isLoggedIn } from "./context.ts";

/** What is left unread of a refused request may hold its connection this long. */
const refusedSeconds = 5;

/** So many of them may linger at once; a client that sends on would else lose the answer. More are a flood, and are cut. */
const mostLingering = 16;

type Server = Bun.Server<unknown> | null;

/**
 * A connection on which nothing moves is closed after `idleSeconds` (`server/roles/listen.ts`): who has not said who they are gets no
 * more. Called once nothing of a request is outstanding and its sender is known: its answer may take as long as it needs.
 */
export function mayTakeTime(request: Request, server: Server): void {
  if (isLoggedIn(request)) server?.timeout(request, 0);
}

/** Whether a request ended because its body did not come: nothing is on its way that could be lost with the connection. */
export function isOutOfPatience(error: unknown): boolean {
  // The framework wraps what was thrown while a body was read.
  const thrown = error instanceof Error && error.cause instanceof AppError ? error.cause : error;
  return thrown instanceof AppError && (thrown.code === "request_timeout" || thrown.code === "too_many_requests");
}

/** When each refused request that may still linger was refused, in milliseconds. */
const lingering: number[] = [];

/** For a request whose body was not read to its end: what still comes is not waited for. False: it has to be cut with its answer. */
export function hangUpSoon(request: Request, server: Server): boolean {
  if (!hasBody(request)) return true;
  server?.timeout(request, refusedSeconds);
  const now = performance.now();
  while (lingering.length > 0 && lingering[0]! < now - refusedSeconds * 1000) lingering.shift();
  if (lingering.length >= mostLingering) return false;
  lingering.push(now);
  return true;
}
