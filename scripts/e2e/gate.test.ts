import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { hostileHosts, hostileOrigins, traversals } from "../../server/testing/gate-corpus.ts";
import { startExecutable, type Started } from "../testing/executable.ts";
import { makeCharacter } from "../testing/story.ts";

interface Route {
  readonly method: string;
  readonly path: string;
  readonly parameters: ReadonlyArray<{ name: string; in: string }>;
}

let server: Started;
let routes: Route[];
let cookie: string;
let host: string;
const canary = "canary-outside-of-every-served-folder";

beforeAll(async () => {
  server = await startExecutable();
  await makeCharacter(server, "Ada", 1);
  writeFileSync(join(server.folder, "canary.txt"), canary);
  const document = await server.json<{ paths: Record<string, Record<string, { parameters?: Route["parameters"] }>> }>("/api/openapi.json");
  routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, parameters: operation.parameters ?? [] })))
    .filter(({ method }) => method !== "WS");
  host = new URL(server.url).host;
  cookie = (await fetch(server.link, { redirect: "manual" })).headers.get("set-cookie")!.split(";")[0]!;
});
afterAll(async () => server.dispose());

const fill = (path: string, value = "x") => path.replace(/\{[^}]+\}/g, () => encodeURIComponent(value));
const apiRoutes = () => routes.filter((route) => route.path.startsWith("/api/") && !route.path.startsWith("/api/session"));

/** Sends bytes as they are; fetch would correct the very things that are tested. */
async function raw(lines: readonly string[]): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    let text = "";
    void Bun.connect({ hostname: "127.0.0.1", port: Number(new URL(server.url).port), socket: {
      open: (socket) => void socket.write(`${lines.join("\r\n")}\r\nConnection: close\r\n\r\n`),
      data(socket, bytes) {
        text += bytes.toString("utf8");
        if (text.startsWith("HTTP/1.1 101")) socket.end();
      },
      close: () => resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text }),
      error: (_socket, error) => reject(error),
    } });
  });
}

test("the description lists the routes that the product promises", () => {
  const listed = routes.map((route) => `${route.method} ${route.path}`);
  for (const wanted of [
    "GET /api/characters", "POST /api/characters", "GET /api/characters/{id}", "PATCH /api/characters/{id}", "DELETE /api/characters/{id}",
    "POST /api/training", "GET /api/training/{id}/stream", "POST /api/training/{id}/cancel", "POST /api/generation",
    "GET /api/generation/{id}/stream", "GET /api/jobs/{id}/logs/view", "GET /api/jobs/{id}/artifacts", "GET /api/loras", "GET /health", "GET /ready",
  ]) expect(listed).toContain(wanted);
});

test("every route refuses a foreign Host and a foreign, null or malformed Origin", async () => {
  for (const route of routes) {
    for (const host of hostileHosts) {
      const answer = await raw([`${route.method} ${fill(route.path)} HTTP/1.1`, `Host: ${host}`, `Authorization: Bearer ${server.token}`]);
      expect({ route: `${route.method} ${route.path}`, host, refused: answer.status === 403 || answer.status === 400 }).toMatchObject({ refused: true });
    }
    for (const origin of hostileOrigins(host)) {
      const answer = await raw([`${route.method} ${fill(route.path)} HTTP/1.1`, `Host: ${host}`, `Origin: ${origin}`, `Cookie: ${cookie}`, "X-Isengard: 1"]);
      expect({ route: `${route.method} ${route.path}`, origin, status: answer.status }).toMatchObject({ status: 403 });
    }
  }
}, 120_000);

test("two Host headers, or none, are refused", async () => {
  expect((await raw(["GET /health HTTP/1.1", `Host: ${host}`, `Host: ${host}`])).status).toBe(400);
  expect((await raw(["GET /health HTTP/1.1"])).status).toBe(400);
});

test("every API route refuses who has neither session nor token, and who has a wrong one", async () => {
  for (const route of apiRoutes()) {
    for (const credentials of ["X: y", "Cookie: isengard-00000000=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]) {
      const answer = await raw([`${route.method} ${fill(route.path)} HTTP/1.1`, `Host: ${host}`, "X-Isengard: 1", credentials]);
      expect({ route: `${route.method} ${route.path}`, status: answer.status }).toMatchObject({ status: 401 });
      if (route.method !== "HEAD") expect(answer.text).toContain('"code":"not_authenticated"');
    }
  }
}, 60_000);

test("a write with a cookie but without the page's own header, or from another site, is refused", async () => {
  for (const route of apiRoutes().filter(({ method }) => !["GET", "HEAD", "OPTIONS"].includes(method))) {
    const plain = await raw([`${route.method} ${fill(route.path)} HTTP/1.1`, `Host: ${host}`, `Cookie: ${cookie}`]);
    const crossed = await raw([`${route.method} ${fill(route.path)} HTTP/1.1`, `Host: ${host}`, `Cookie: ${cookie}`, "X-Isengard: 1", "Sec-Fetch-Site: same-site"]);
    expect({ route: `${route.method} ${route.path}`, plain: plain.status, crossed: crossed.status }).toMatchObject({ plain: 403, crossed: 403 });
  }
}, 60_000);

test("the live connection of a page is upgraded only for our own origin", async () => {
  const upgrade = (extra: string[]) => raw([
    "GET /api/events HTTP/1.1", `Host: ${host}`, "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", ...extra,
  ]);
  for (const origin of hostileOrigins(host)) expect((await upgrade([`Origin: ${origin}`, `Cookie: ${cookie}`])).status).toBe(403);
  expect((await upgrade([`Cookie: ${cookie}`])).status).toBe(403);
  expect((await upgrade([`Origin: http://${host}`])).status).toBe(401);
  expect((await upgrade([`Origin: http://${host}`, `Cookie: ${cookie}`])).status).toBe(101);
});

test("no traversal string in any parameter of any route brings out, changes or deletes a file outside", async () => {
  for (const route of routes.filter(({ path }) => path.includes("{"))) {
    for (const attack of traversals) {
      for (const value of [attack, encodeURIComponent(attack)]) {
        const path = route.path.replace(/\{[^}]+\}/g, () => value);
        const answer = await raw([`${route.method} ${path} HTTP/1.1`, `Host: ${host}`, `Authorization: Bearer ${server.token}`, "Content-Length: 0"]);
        expect({ route: `${route.method} ${path}`, found: answer.text.includes(canary) || answer.text.includes("root:x:0"), crashed: answer.status === 0 || answer.status >= 500 })
          .toMatchObject({ found: false, crashed: route.method === "POST" && answer.status === 501 });
      }
    }
  }
  expect(await Bun.file(join(server.folder, "canary.txt")).text()).toBe(canary);
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
}, 300_000);

test("T37: no spelling of an address around a public one leads to a protected answer without a login", async () => {
  const open = ["/health", "/login", "/open", "/assets/app.js", "/favicon.ico", "/robots.txt"];
  const closed = ["/api/characters", "/api/boot", "/api/settings", "/api/logs/view", "/api/openapi.json"];
  const nearOpen = ["/assets/x/y", "/assets/x", "/assets/", "/assets", "/static/nothing", "/static/a/b", "/static/", "/favicon.ico", "/robots.txt/x", "/health/x", "/open/x", "/login/x", "/"];
  const spellings = closed.flatMap((path) => [
    `/${path}`, `//${path}`, `/.${path}`, `/./${path.slice(1)}`, path.toUpperCase(), `${path}/`, `${path}.`, `${path};x=1`, `${path}%00`, `${path}%20`, `${path}%2f`, `${path}#/health`, `${path}?/health`,
    path.replaceAll("/", "%2f"), path.replaceAll("/", "%252f"), path.replaceAll("/", "\\"), path.replace("api", "%61pi"), `http://127.0.0.1${path}`,
    ...open.flatMap((known) => [`${known}/..${path}`, `${known}/..%2f${path.slice(1)}`, `${known}%2f..${path}`, `${known}/%2e%2e${path}`, `${known};${path}`, `${known}\\..${path}`, `${known}/.;/..${path}`, `${known}?next=${path}`]),
  ]);
  for (const [address, accept] of [...spellings, ...nearOpen].flatMap((each) => [[each, "application/json"], [each, "text/html"]])) {
    const answer = await raw([`GET ${address} HTTP/1.1`, `Host: ${host}`, `Accept: ${accept}`]);
    expect({ address, leaks: /"characters":|"Ada"|"hfTokenSet"|"entries":|"openapi":/.test(answer.text), status: answer.status }).toMatchObject({ leaks: false });
  }
  // The same question with the token has what must not leak.
  expect((await raw(["GET /api/characters HTTP/1.1", `Host: ${host}`, `Authorization: Bearer ${server.token}`])).text).toContain('"Ada"');
}, 60_000);

test("every answer carries the security headers and its correlation id", async () => {
  for (const path of ["/", "/health", "/api/characters", "/api/nothing", "/assets/nothing.js"]) {
    const answer = await server.api(path, { headers: { "X-Correlation-ID": "cor-test-1234", accept: "text/html" } });
    for (const header of ["content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy"]) {
      expect({ path, header, present: answer.headers.has(header) }).toMatchObject({ present: true });
    }
    expect({ path, id: answer.headers.get("x-correlation-id") }).toMatchObject({ id: "cor-test-1234" });
  }
});

test("guessing the token is slowed down, and the right one is never refused for it", async () => {
  const other = await startExecutable();
  const login = async (token: string) =>
    (await fetch(`${other.url}/api/session`, { method: "POST", headers: { "content-type": "application/json", "x-isengard": "1" }, body: JSON.stringify({ token }) })).status;
  const statuses: number[] = [];
  for (let n = 0; n < 15; n++) {
    statuses.push(await login("wrong"));
  }
  for (let n = 0; n < 12; n++) await login(`wrong ${n}`);
  expect([await login("wrong again"), await login(other.token), (await other.api("/api/characters")).status]).toEqual([429, 200, 200]);
  await other.dispose();
  expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 401));
  expect(statuses.slice(10)).toEqual(Array.from({ length: 5 }, () => 429));
});
