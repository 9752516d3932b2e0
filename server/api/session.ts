import { t, type Elysia } from "elysia";
import { sessionDays } from "../db/sessions.ts";
import type { Access } from "./gate/access.ts";
import { gives } from "./openapi/gives.ts";
import { takes } from "./input/takes.ts";
import { loginBytes } from "./http/body-limits.ts";
import { readCookie, sessionCookie, wrongToken } from "./gate/gate.ts";

const tags = ["session"];
const Done = t.Object({ ok: t.Boolean() });

/** Logging in: by the link's one-time code, or by the token on the login page. */
export function sessionApi(access: Access) {
  return (http: Elysia) => http
    .get("/open", ({ query, request, set }) => {
      const isRedeemed = request.method === "GET" && query.code !== undefined && access.redeemCode(query.code);
      set.status = 303;
      set.headers["location"] = isRedeemed || isSignedIn(access, request) ? "/" : "/login?why=link";
      set.headers["cache-control"] = "no-store";
      if (isRedeemed) set.headers["set-cookie"] = openCookie(access, request);
      return "";
    }, { ...takes({ query: t.Object({ code: t.Optional(t.String({ maxLength: 100 })) }) }), detail: { summary: "Redeem the one-time code of a link", tags, responses: { 303: { description: "Goes on to the page, or to the login" } } } })
    .post("/api/session", ({ body, request, set }) => {
      const verdict = access.checkToken(body.token.trim());
      if (verdict !== "right") throw wrongToken(verdict);
      set.headers["set-cookie"] = openCookie(access, request);
      return { ok: true };
    }, {
      ...takes({ body: t.Object({ token: t.String({ minLength: 1, maxLength: 200 }) }), limitBytes: loginBytes }), ...gives({ 200: Done }),
      detail: { summary: "Log a browser in with the access token", tags },
    })
    .delete("/api/session", ({ request, set }) => {
      const session = readCookie(request, access.cookieName);
      if (session !== null) access.closeSession(session);
      set.headers["set-cookie"] = sessionCookie(request, access.cookieName, "", 0);
      return { ok: true };
    }, { ...takes({}), ...gives({ 200: Done }), detail: { summary: "Log this browser out", tags } })
    .delete("/api/sessions", ({ request, set }) => {
      access.closeAllSessions();
      set.headers["set-cookie"] = sessionCookie(request, access.cookieName, "", 0);
      return { ok: true };
    }, { ...takes({}), ...gives({ 200: Done }), detail: { summary: "Log every browser out; the access token stays", tags } })
    /** For a second `isengard` on the same folder: a fresh link to open. The gate has checked the token. */
    .post("/api/links", () => ({ path: `/open?code=${access.createCode()}` }), {
      ...takes({}), ...gives({ 200: t.Object({ path: t.String() }) }), detail: { summary: "A fresh one-time link", tags },
    });
}

/** A used link in the hands of somebody who is in already is no reason to ask for anything. */
function isSignedIn(access: Access, request: Request): boolean {
  const session = readCookie(request, access.cookieName);
  return !access.enabled || (session !== null && access.acceptsSession(session) !== null);
}

function openCookie(access: Access, request: Request): string {
  const value = access.openSession(request.headers.get("user-agent") ?? "unknown browser");
  return sessionCookie(request, access.cookieName, value, sessionDays * 86_400);
}
