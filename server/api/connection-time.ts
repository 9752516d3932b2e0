import { hasBody } from "./gate-limits.ts";
import { isLoggedIn } from "./context.ts";

/** What is left unread of a refused request may hold its connection this long. */
const refusedSeconds = 5;

type Server = Bun.Server<unknown> | null;

/**
 * A connection on which nothing moves is closed after `idleSeconds` (`server/roles/listen.ts`): who has not said who they are gets no
 * more. Called once nothing of a request is outstanding and its sender is known: its answer may take as long as it needs.
 */
export function mayTakeTime(request: Request, server: Server): void {
  if (isLoggedIn(request)) server?.timeout(request, 0);
}

/** For a request whose body was not read to its end: what still comes is not waited for. */
export function hangUpSoon(request: Request, server: Server): void {
  if (hasBody(request)) server?.timeout(request, refusedSeconds);
}
