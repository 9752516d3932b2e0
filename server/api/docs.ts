import type { Elysia } from "elysia";
import { version } from "../build-info.ts";
import { takes } from "./input/takes.ts";

const tags = ["docs"];

/** The API described from its own route schemas, and a page that shows it without any network. */
export function docsApi(app: () => Elysia) {
  let made: Promise<Description> | null = null;
  const document = () => (made ??= describe(app()));
  return (http: Elysia) => http
    .get("/api/openapi.json", () => document(), { ...takes({}), detail: { summary: "This description", tags } })
    .get("/api/docs", async () => new Response(docsPage(await document()), { headers: { "content-type": "text/html; charset=utf-8" } }), {
      ...takes({}), detail: { summary: "This description as a page", tags },
    });
}

interface Operation {
  readonly parameters?: ReadonlyArray<{ name: string; in: string; required?: boolean }>;
  readonly requestBody?: unknown;
}

interface Description {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: unknown;
}

/** The package is loaded when somebody asks, not at every start. */
async function describe(app: Elysia): Promise<Description> {
  const { toOpenAPISchema } = await import("@elysiajs/openapi");
  const { paths, components } = toOpenAPISchema(app) as unknown as { paths: Description["paths"]; components: unknown };
  const own = Object.fromEntries(Object.entries(paths).filter(([path]) => !path.includes("*")));
  return { openapi: "3.1.0", info: { title: "Isengard", version }, paths: own, components };
}

function docsPage(document: Description): string {
  const rows = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const names = (operation.parameters ?? []).map((parameter) => `${parameter.name}${parameter.required ? "" : "?"}`).join(", ");
      const body = operation.requestBody ? "<td>yes</td>" : "<td></td>";
      return `<tr><td><code>${method.toUpperCase()}</code></td><td><code>${escapeHtml(path)}</code></td><td>${escapeHtml(names)}</td>${body}</tr>`;
    }),
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Isengard API</title>
</head><body><main><h1>Isengard API</h1>
<p>Send the token of <code>isengard token</code> as <code>Authorization: Bearer …</code>. The whole description: <a href="/api/openapi.json">openapi.json</a>.</p>
<table><thead><tr><th scope="col">Method</th><th scope="col">Address</th><th scope="col">Parameters</th><th scope="col">Body</th></tr></thead>
<tbody>${rows.join("\n")}</tbody></table></main></body></html>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
