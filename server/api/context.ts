/** What the gate found out about a request, for the routes behind it. */
export interface RequestContext {
  readonly correlationId: string;
  /** The gate has seen a session or the token. Whoever answers with data on an address that the gate leaves open asks this. */
  isLoggedIn: boolean;
}

const contexts = new WeakMap<Request, RequestContext>();
const incoming = /^[A-Za-z0-9_-]{8,64}$/;

/** Takes the browser's correlation id where it is well-formed, else makes one. Called once per request by the gate. */
export function openContext(request: Request, makeId: () => string): RequestContext {
  const given = request.headers.get("x-correlation-id");
  const context = { correlationId: given !== null && incoming.test(given) ? given : makeId(), isLoggedIn: false };
  contexts.set(request, context);
  return context;
}

export function correlationOf(request: Request): string {
  return contexts.get(request)?.correlationId ?? "cor-none";
}

/** Only for the gate. */
export function admit(request: Request): void {
  const context = contexts.get(request);
  if (context !== undefined) context.isLoggedIn = true;
}

export function isLoggedIn(request: Request): boolean {
  return contexts.get(request)?.isLoggedIn ?? false;
}
