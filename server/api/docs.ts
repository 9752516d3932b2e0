import type { Elysia } from "elysia";
import { takes } from "./input/takes.ts";
import { text } from "./openapi/answers.ts";
import type { Description } from "./openapi/describe.ts";

const tags = ["docs"];

/** The API described from its own route schemas, and a page that shows it without any network. */
export function docsApi(app: () => Elysia, cookie: string) {
  let made: Promise<Description> | null = null;
  // Loaded when somebody asks, not at every start.
  const document = () => (made ??= import("./openapi/describe.ts").then(({ describe }) => describe(app(), cookie)));
  return (http: Elysia) => http
    .get("/api/openapi.json", () => document(), {
      ...takes({}), detail: { summary: "This description", tags, ...text("application/json", "An OpenAPI 3.1 document") },
    })
    .get("/api/docs", async () => new Response(docsPage(await document()), { headers: { "content-type": "text/html; charset=utf-8" } }), {
      ...takes({}), detail: { summary: "This description as a page", tags, ...text("text/html", "A page") },
    });
}

function docsPage(document: Description): string {
  const rows = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const names = operation.parameters.map((parameter) => `${parameter.name}${parameter.required ? "" : "?"}`).join(", ");
      const cells = [`<code>${method.toUpperCase()}</code>`, `<code>${Bun.escapeHTML(path)}</code>`, Bun.escapeHTML(operation.summary), Bun.escapeHTML(names), operation.requestBody ? "yes" : ""];
      return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
    }),
  );
  const heads = ["Method", "Address", "What it does", "Parameters", "Body"].map((head) => `<th scope="col">${head}</th>`).join("");
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Isengard API</title>
<meta name="color-scheme" content="light dark"><link rel="icon" href="/static/icon.svg"><link rel="stylesheet" href="/static/docs.css"></head><body><main><p><a href="/">Isengard</a></p><h1>Isengard API</h1>
<p>Send the token of <code>isengard token</code> as <code>Authorization: Bearer …</code>. The whole description: <a href="/api/openapi.json">openapi.json</a>.</p>
<div class="scroll" tabindex="0" role="region" aria-label="All addresses"><table><thead><tr>${heads}</tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div></main></body></html>`;
}
