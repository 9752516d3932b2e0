/** What the gate found out about a request, for the routes behind it. */
export interface RequestContext {
  readonly correlationId: string;
  /** The gate has seen a session or the token. Whoever answers with data on an address that the gate leaves open asks this. */
  isLoggedIn: boolean;
  /** Of a browser that came with a cookie: what its session is known by (see `Access.endOf`). */
  session: string | null;
}

const contexts = new WeakMap<Request, RequestContext>();
const incoming = /^[A-Za-z0-9_-]{8,64}$/;

/** Takes the browser's correlation id where it is well-formed, else makes one. Called once per request by the gate. */
export function openContext(request: Request, makeId: () => string): RequestContext {
  const given = request.headers.get("x-correlation-id");
  const context = { correlationId: given !== null && incoming.test(given) ? given : makeId(), isLoggedIn: false, session: null };
  contexts.set(request, context);
  return context;
}

export function correlationOf(request: Request): string {
  return contexts.get(request)?.correlationId ?? "cor-none";
}

/** Only for the gate. */
export function admit(request: Request, session: string | null): void {
  const context = contexts.get(request);
  if (context === undefined) return;
  context.isLoggedIn = true;
  context.session = session;
}

/** Null for a script with the token. */
export function sessionOf(request: Request): string | null {
  return contexts.get(request)?.session ?? null;
}

export function isLoggedIn(request: Request): boolean {
  return contexts.get(request)?.isLoggedIn ?? false;
}
