import type { Elysia } from "elysia";
import type { Boot } from "../contract/boot.ts";
import { AppError } from "../base/errors.ts";
import { pickEncoding, type UiBundle } from "../files/ui-assets.ts";
import { isLoggedIn } from "./gate/context.ts";
import { isLoopbackName, parseHost } from "./gate/hosts.ts";
import { hasCurrent, takenEncodings } from "./http/conditions.ts";

const headMark = "<!--ISENGARD_HEAD-->";
const bootMark = "<!--ISENGARD_BOOT-->";

/** Serves the page under every address that is not the API's; the page's own router does the rest. */
export function pagesApi(ui: UiBundle, boot: () => Promise<Boot>, command: string) {
  return (http: Elysia) => http
    .get("/assets/:name", ({ params, request }) => serveAsset(ui, params.name, request))
    .get("/robots.txt", () => "User-agent: *\nDisallow: /\n")
    .get("/login", ({ request }) => loginPage(ui, request, command))
    // Both for all methods: as GET they would also take each HEAD, before the routes that have one of their own (uploads).
    .all("/api/*", ({ path }) => {
      throw nothingAt(path);
    }, { detail: { hide: true } })
    .all("/*", async ({ path, request }) => {
      // An open address that no route answers: the page with its data is for those only whom the gate has seen.
      if (!isLoggedIn(request) || (request.method !== "GET" && request.method !== "HEAD")) throw nothingAt(path);
      return firstPage(ui, request, boot);
    }, { detail: { hide: true } });
}

/** The page with its data, for whom the gate has seen. */
export async function firstPage(ui: UiBundle, request: Request, boot: () => Promise<Boot>): Promise<Response> {
  return page(ui, request, await boot());
}

function nothingAt(path: string): AppError {
  return new AppError("not_found", `There is nothing at ${path.slice(0, 200)}.`);
}

/** The same page without any data: it then shows the login form. */
export function loginPage(ui: UiBundle, request: Request, command = ""): Response {
  return page(ui, request, null, isLocal(request) ? `<meta name="isengard:command" content="${Bun.escapeHTML(command)}">` : "");
}

/** Whoever comes by a name of this machine, perhaps through a tunnel, may know where its files lie. */
function isLocal(request: Request): boolean {
  const host = parseHost(request.headers.get("host"));
  return host !== null && isLoopbackName(host.name);
}

function page(ui: UiBundle, request: Request, boot: Boot | null, more = ""): Response {
  const preload = ui.preload.map((name) => `<link rel="modulepreload" href="/assets/${name}">`).join("");
  const head = `<link rel="stylesheet" href="/assets/${ui.style}">${preload}<script type="module" src="/assets/${ui.script}"></script>${more}`;
  const html = ui.html.replace(headMark, () => head).replace(bootMark, () => embedJson(boot));
  const headers: Record<string, string> = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    vary: "accept-encoding",
    link: `</assets/${ui.style}>; rel=preload; as=style, </assets/${ui.script}>; rel=modulepreload`,
  };
  if (takenEncodings(request).has("gzip")) {
    return new Response(Bun.gzipSync(html, { level: 4 }), { headers: { ...headers, "content-encoding": "gzip" } });
  }
  return new Response(html, { headers });
}

/** No text of a person can end the script element or start another one. */
function embedJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c").replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

function serveAsset(ui: UiBundle, name: string, request: Request): Response {
  const asset = ui.assets.get(name);
  if (asset === undefined) throw new AppError("not_found", "This part of the page does not exist any more.", { fix: "Reload the page." });
  const etag = `"${name}"`;
  const headers: Record<string, string> = {
    etag, "content-type": asset.mediaType, vary: "accept-encoding",
    // The name holds a hash of the content, so a copy never gets stale.
    "cache-control": "public, max-age=31536000, immutable",
  };
  if (hasCurrent(request, etag)) return new Response(null, { status: 304, headers });
  const { path, encoding } = pickEncoding(asset, takenEncodings(request));
  return new Response(Bun.file(path), { headers: encoding ? { ...headers, "content-encoding": encoding } : headers });
}
