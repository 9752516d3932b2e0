import { AppError, type ErrorCode } from "../errors.ts";
import { newId } from "../ids.ts";
import type { Access } from "./access.ts";
import { admit, openContext } from "./context.ts";
import { type HostRules, isAllowedHost, isLoopbackName, isOwnOrigin, parseHost } from "./hosts.ts";
import { toBody } from "./error-body.ts";
import { secureHeaders } from "./secure-headers.ts";

/** The header that a page of ours adds to every write; a form of another site cannot. */
export const writeHeader = "x-isengard";

/** Exact paths that answer without a session; everything else is closed. */
const publicPaths = new Set(["/health", "/open", "/api/session", "/robots.txt"]);
const publicFile = /^\/(assets|static)\/[^/]+$/;

const jsonLimitBytes = 1024 * 1024;
/** Uploads come in chunks of at most 32 MiB; a script may send one form of up to 128 MB. */
const bodyLimits: ReadonlyArray<readonly [pattern: RegExp, bytes: number]> = [
  [/^\/api\/uploads\/[^/]+$/, 32 * 1024 * 1024],
  [/^\/api\/characters\/[^/]+\/images$/, 128 * 1000 * 1000],
];

export interface GateOptions {
  readonly access: Access;
  readonly hosts: HostRules;
  /** Answers a page request of somebody who has no session: the login page. */
  loginPage(request: Request): Response;
}

/** Null lets the request pass; else the refusal. */
export type Gate = (request: Request) => Response | null;

/** Runs before any route. Whatever throws inside refuses. */
export function createGate(options: GateOptions): Gate {
  return (request) => {
    const { correlationId } = openContext(request, () => newId("cor"));
    try {
      return check(request, options);
    } catch (error) {
      const known = error instanceof AppError ? error : new AppError("forbidden", "The request was refused.");
      return Response.json(toBody(known, correlationId), {
        status: known.status,
        headers: { ...secureHeaders, "x-correlation-id": correlationId, "cache-control": "no-store" },
      });
    }
  };
}

function check(request: Request, options: GateOptions): Response | null {
  const host = parseHost(request.headers.get("host"));
  if (host === null) throw refuse("bad_request", "The request names no single, readable host.");
  if (!isAllowedHost(host, options.hosts)) {
    throw refuse("forbidden", `Isengard does not answer under the name ${host.name}.`, "It is not on the list of allowed hosts.");
  }
  const url = new URL(request.url);
  checkPath(url.pathname);
  const isNavigation = request.method === "GET" && request.headers.get("sec-fetch-mode") === "navigate" && !url.pathname.startsWith("/api/");
  checkOrigin(request, host, options.hosts, isNavigation);
  checkBody(request, url.pathname);
  return checkSession(request, url.pathname, options);
}

function checkPath(path: string): void {
  if (path.length > 2048 || /%2f|%5c|%00|%25|\\|\/\/|\0/i.test(path) || path.split("/").some((part) => /^(\.|%2e){1,2}$/i.test(part))) {
    throw refuse("bad_request", "The address of the request is not one that Isengard uses.");
  }
}

function checkOrigin(request: Request, host: { host: string; name: string }, rules: HostRules, isNavigation: boolean): void {
  const origin = request.headers.get("origin");
  if (origin !== null && !isOwnOrigin(origin, host, rules)) {
    throw refuse("forbidden", "The request comes from another website.", `Its origin is ${origin.slice(0, 100)}.`);
  }
  const site = request.headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none" && !isNavigation) {
    throw refuse("forbidden", "The request comes from another website.", `The browser calls it ${site.slice(0, 20)}.`);
  }
}

function checkBody(request: Request, path: string): void {
  const declared = request.headers.get("content-length");
  if (declared === null) return;
  const limit = bodyLimits.find(([pattern]) => pattern.test(path))?.[1] ?? jsonLimitBytes;
  if (!/^\d{1,15}$/.test(declared) || Number(declared) > limit) {
    throw refuse("too_large", `The request's body is larger than the ${Math.floor(limit / 1_000_000)} MB that are accepted here.`);
  }
}

function checkSession(request: Request, path: string, options: GateOptions): Response | null {
  const { access } = options;
  const isRead = request.method === "GET" || request.method === "HEAD" || request.method === "OPTIONS";
  const bearer = /^Bearer ([A-Za-z0-9_-]{20,200})$/.exec(request.headers.get("authorization") ?? "")?.[1];
  if (isPublic(path)) {
    if (!isRead && bearer === undefined) requireWriteHeader(request);
    return null;
  }
  if (bearer !== undefined) {
    if (access.acceptsToken(bearer)) return admitted(request);
    throw refuse(access.isThrottled ? "too_many_requests" : "not_authenticated", "This access token is not accepted.");
  }
  const session = readCookie(request, access.cookieName);
  if (!access.enabled || (session !== null && access.acceptsSession(session))) {
    if (!isRead) requireWriteHeader(request);
    if (request.headers.get("upgrade") !== null && request.headers.get("origin") === null) {
      throw refuse("forbidden", "A live connection of a browser has to name its origin.");
    }
    return admitted(request);
  }
  if (request.method === "GET" && !path.startsWith("/api/") && (request.headers.get("accept") ?? "").includes("text/html")) {
    return options.loginPage(request);
  }
  throw refuse("not_authenticated", "You are not logged in.", "The request carries no session and no access token.");
}

function admitted(request: Request): null {
  admit(request);
  return null;
}

function isPublic(path: string): boolean {
  return publicPaths.has(path) || publicFile.test(path);
}

function requireWriteHeader(request: Request): void {
  if (request.headers.get(writeHeader) === null) {
    throw refuse("forbidden", "The request changes something but was not made by Isengard's own page.", `The header ${writeHeader} is missing.`);
  }
}

/** Under HTTPS the browser guards the name with the `__Host-` prefix; plain loopback cannot use it. */
export function readCookie(request: Request, name: string): string | null {
  for (const part of (request.headers.get("cookie") ?? "").split(";")) {
    const [key, value] = part.trim().split("=", 2);
    if ((key === name || key === `__Host-${name}`) && value !== undefined && /^[A-Za-z0-9_-]{20,200}$/.test(value)) return value;
  }
  return null;
}

export function sessionCookie(request: Request, name: string, value: string, maxAgeSeconds: number): string {
  const host = parseHost(request.headers.get("host"));
  const isPlain = host === null || isLoopbackName(host.name) || request.headers.get("origin")?.startsWith("http:") === true;
  const prefix = isPlain ? "" : "__Host-";
  return `${prefix}${name}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}${isPlain ? "" : "; Secure"}`;
}

function refuse(code: ErrorCode, what: string, why = ""): AppError {
  return new AppError(code, what, { why });
}
