import { isLoggedIn } from "./context.ts";
import { bodyLimit, passedBytes } from "../http/body-limits.ts";
import { liveStream } from "../../files/live-stream.ts";
import type { Patience } from "../http/body-bytes.ts";
import { OpenBodies } from "../http/open-bodies.ts";

/** A request that ended part-way through its body may hold its connection this long while nothing comes. */
const refusedSeconds = 5;

type Server = Bun.Server<unknown> | null;

/**
 * A connection on which nothing moves is closed after `idleSeconds` (`server/roles/listen.ts`): who has not said who they are gets no
 * more. Called once nothing of a request is outstanding and its sender is known: its answer may take as long as it needs.
 */
export function mayTakeTime(request: Request, server: Server): void {
  if (isLoggedIn(request)) server?.timeout(request, 0);
}

/** How long a body that nobody wants is let pass: its sender may not listen before all is sent. */
const passing = {
  stranger: { idleMs: 1_000, totalMs: 5_000 },
  known: { idleMs: 5_000, totalMs: 90_000 },
} as const satisfies Record<string, Patience>;

const unread = new OpenBodies();

/** The body was given up part-way: it did not come, had to give way, or is too large. An unknown part of it still comes. */
const givenUp = [408, 413, 429];

/**
 * The answer to a request that carries a body, once nothing of that body is left on its connection. Where something is, the connection is
 * closed with the answer: the runtime ends a body that drips after ten seconds, and reads on in one that moves, whatever its size.
 * Never throws by itself.
 */
export async function afterBody(request: Request, answering: Response | Promise<Response>, server: Server): Promise<Response> {
  const answer = await answering;
  if (answer === undefined) return answer;
  if (await isLeft(request, answer)) answer.headers.set("connection", "close");
  else if (answer.status >= 400) server?.timeout(request, refusedSeconds);
  return answer;
}

async function isLeft(request: Request, answer: Response): Promise<boolean> {
  // The runtime shows nobody the body of a GET.
  if (request.body === null) return true;
  if (request.bodyUsed || request.body.locked) return givenUp.includes(answer.status);
  return !(await letPass(request, request.body));
}

async function letPass(request: Request, body: ReadableStream<Uint8Array>): Promise<boolean> {
  const { idleMs, totalMs } = isLoggedIn(request) ? passing.known : passing.stranger;
  const place = unread.enter();
  const most = Math.max(bodyLimit(new URL(request.url).pathname), passedBytes);
  let size = 0;
  try {
    for await (const chunk of liveStream(body, { idleMs, signal: AbortSignal.any([place.signal, AbortSignal.timeout(totalMs)]) })) {
      size += chunk.length;
      if (size > most) return false;
    }
    return true;
  } catch {
    // It stopped, took too long, gave way to others or hung up: in each case nothing more of it is waited for.
    return false;
  } finally {
    place.leave();
  }
}
