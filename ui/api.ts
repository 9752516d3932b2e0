import type { ErrorBody } from "../server/contract/error.ts";

/** A request of a page ends after this time, so that no button waits for ever. */
const requestTimeoutMs = 30_000;

export type FieldProblem = { path: string; message: string };

/** A failed request in the words that a person reads; `correlationId` is the reference to copy. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  constructor(
    readonly status: number,
    readonly code: string,
    readonly what: string,
    readonly why: string,
    readonly fix: string,
    readonly correlationId: string,
    readonly fields: readonly FieldProblem[] = [],
  ) {
    super(what);
  }
}

export interface RequestOptions {
  signal?: AbortSignal;
  /** Lets the request outlive the page; used where the tab closes. */
  keepalive?: boolean;
}

export interface Api {
  get<T>(path: string, options?: RequestOptions): Promise<T>;
  post<T>(path: string, body?: unknown, options?: RequestOptions): Promise<T>;
  put<T>(path: string, body?: unknown, options?: RequestOptions): Promise<T>;
  patch<T>(path: string, body?: unknown, options?: RequestOptions): Promise<T>;
  delete<T>(path: string, options?: RequestOptions): Promise<T>;
  /** For uploads: sends anything, throws only ApiError, leaves the answer to the caller. */
  send(path: string, init: RequestInit): Promise<Response>;
}

export interface ApiOptions {
  base?: string;
  fetch?: (input: string, init: RequestInit) => Promise<Response>;
  /** Called whenever the server no longer knows this browser. */
  onSignedOut?: () => void;
}

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** The reference of one click; the server carries it through every log line that follows from it. */
export function newCorrelationId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(26));
  return "cor-" + Array.from(bytes, (byte) => alphabet[byte & 31]).join("");
}

export function createApi(options: ApiOptions = {}): Api {
  const doFetch = options.fetch ?? ((input, init) => fetch(input, init));

  const send: Api["send"] = async (path, init) => {
    const correlationId = newCorrelationId();
    const headers = new Headers(init.headers);
    headers.set("x-correlation-id", correlationId);
    headers.set("x-isengard", "1");
    try {
      return await doFetch((options.base ?? "") + path, { credentials: "same-origin", ...init, headers });
    } catch (cause) {
      if (init.signal?.aborted && (init.signal.reason as Error | undefined)?.name !== "TimeoutError") throw cause;
      throw unreachable(cause, correlationId);
    }
  };

  const call = async <T>(method: string, path: string, body: unknown, more: RequestOptions = {}): Promise<T> => {
    const limit = AbortSignal.timeout(requestTimeoutMs);
    const init: RequestInit = { method, signal: more.signal ? AbortSignal.any([more.signal, limit]) : limit };
    if (more.keepalive) init.keepalive = true;
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { "content-type": "application/json" };
    }
    const response = await send(path, init);
    if (response.ok) return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
    const error = await readError(response);
    if (error.status === 401) options.onSignedOut?.();
    throw error;
  };

  return {
    get: (path, more) => call("GET", path, undefined, more),
    post: (path, body, more) => call("POST", path, body ?? {}, more),
    put: (path, body, more) => call("PUT", path, body ?? {}, more),
    patch: (path, body, more) => call("PATCH", path, body ?? {}, more),
    delete: (path, more) => call("DELETE", path, undefined, more),
    send,
  };
}

function unreachable(cause: unknown, correlationId: string): ApiError {
  const late = (cause as Error | undefined)?.name === "TimeoutError";
  return new ApiError(
    0,
    late ? "timeout" : "unreachable",
    late ? "The server took too long to answer." : "The server could not be reached.",
    late ? `There was no answer within ${requestTimeoutMs / 1000} seconds.` : "The connection is closed, or Isengard is not running.",
    "Check the connection, then try again. Work that already runs on the server goes on.",
    correlationId,
  );
}

/** Turns any refused answer into an ApiError, also one that came from a proxy and not from Isengard. */
export async function readError(response: Response): Promise<ApiError> {
  const correlationId = response.headers.get("x-correlation-id") ?? "";
  const body = (await response.json().catch(() => null)) as Partial<ErrorBody> | null;
  const error = body?.error;
  if (error && typeof error.what === "string") {
    return new ApiError(response.status, error.code, error.what, error.why, error.fix, error.correlationId || correlationId, error.fields ?? []);
  }
  return new ApiError(
    response.status,
    "unexpected_answer",
    "The server gave an answer that this page does not understand.",
    `It answered with status ${response.status}.`,
    "Try again. If it stays, reload the page.",
    correlationId,
  );
}

/** What to show for anything that was thrown. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ApiError(0, "page_error", "Something unexpected happened in this page.", message, "Try again, or reload the page.", "");
}
