import { AppError, type ErrorCode } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import type { Access } from "./access.ts";
import { admit, openContext } from "./context.ts";
import { type HostRules, isAllowedHost, isLoopbackName, isOwnOrigin, parseHost } from "./hosts.ts";
import { toBody } from "./error-body.ts";
import { bodyLimit } from "../http/body-limits.ts";
import { wantsPage } from "../http/conditions.ts";
import { tooLarge } from "../http/body-bytes.ts";
import { refusalPage } from "./refusal-page.ts";
import { secureHeaders } from "./secure-headers.ts";

/** The header that a page of ours adds to every write; a form of another site cannot. */
export const writeHeader = "x-isengard";

/** Exact paths that answer without a session; everything else is closed. */
const publicPaths = new Set(["/health", "/open", "/api/session", "/robots.txt"]);
const publicFile = /^\/(assets|static)\/[^/]+$/;

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
      if (wantsPage(request)) return refusalPage(known, correlationId);
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
    throw refuse("forbidden", `Isengard does not answer under the name ${host.name}.`, "It is not on the list of allowed hosts.", allow(host.name));
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
    const name = URL.parse(origin)?.hostname ?? "";
    throw refuse("forbidden", "The request comes from another website.", `Its origin is ${origin.slice(0, 100)}.`, name === "" ? undefined : allow(name));
  }
  const site = request.headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none" && !isNavigation) {
    throw refuse("forbidden", "The request comes from another website.", `The browser calls it ${site.slice(0, 20)}.`);
  }
}

function checkBody(request: Request, path: string): void {
  // What says nothing of its length is counted while it is read (`input/body-bytes.ts`).
  const declared = request.headers.get("content-length");
  if (declared !== null && (!/^\d{1,15}$/.test(declared) || Number(declared) > bodyLimit(path))) throw tooLarge(bodyLimit(path));
}

function checkSession(request: Request, path: string, options: GateOptions): Response | null {
  const { access } = options;
  const isRead = request.method === "GET" || request.method === "HEAD" || request.method === "OPTIONS";
  const bearer = /^Bearer +([A-Za-z0-9_-]{20,200})$/i.exec((request.headers.get("authorization") ?? "").trim())?.[1];
  if (isPublic(path)) {
    if (!isRead && bearer === undefined) requireWriteHeader(request);
    return null;
  }
  if (bearer !== undefined) {
    const verdict = access.checkToken(bearer);
    if (verdict === "right") return admitted(request, null);
    throw wrongToken(verdict);
  }
  const cookie = readCookie(request, access.cookieName);
  const session = cookie === null ? null : access.acceptsSession(cookie);
  if (!access.enabled || session !== null) {
    if (!isRead) requireWriteHeader(request);
    if (request.headers.get("upgrade") !== null && request.headers.get("origin") === null) {
      throw refuse("forbidden", "A live connection of a browser has to name its origin.");
    }
    return admitted(request, session);
  }
  if (!path.startsWith("/api/") && wantsPage(request)) {
    return options.loginPage(request);
  }
  throw refuse("not_authenticated", "You are not logged in.", "The request carries no session and no access token.");
}

function admitted(request: Request, session: string | null): null {
  admit(request, session);
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

/** A name that a person uses on purpose, behind a tunnel or a proxy, has to be told to Isengard. */
function allow(name: string): string {
  return `If it is yours, start Isengard with --allowed-hosts ${name.slice(0, 100)} (or ISENGARD_ALLOWED_HOSTS, or allowedHosts in isengard.json). ` +
    "Else open Isengard under the address that it printed.";
}

/** The same words at the door and at the login. */
export function wrongToken(verdict: "wrong" | "too-often"): AppError {
  const isSlowed = verdict === "too-often";
  return new AppError(isSlowed ? "too_many_requests" : "not_authenticated", "This is not the access token of this Isengard.", {
    why: isSlowed ? "Wrong ones were tried too often in the last minute." : "",
    fix: "Run `isengard token` in a terminal on that machine and use what it prints.",
  });
}

function refuse(code: ErrorCode, what: string, why = "", fix?: string): AppError {
  return new AppError(code, what, { why, ...(fix === undefined ? {} : { fix }) });
}
