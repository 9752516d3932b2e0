import type { AppError } from "../../base/errors.ts";
import { secureHeaders } from "./secure-headers.ts";

/** What a person's browser shows when the gate refuses its address: sentences instead of JSON. It loads nothing. */
export function refusalPage(error: AppError, correlationId: string): Response {
  const lines = [error.message, error.why, error.fix].filter((line) => line !== "").map((line) => `<p>${Bun.escapeHTML(line)}</p>`).join("");
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<meta name="color-scheme" content="light dark"><title>Isengard</title><h1>Isengard</h1>${lines}</html>`;
  return new Response(html, {
    status: error.status,
    headers: { ...secureHeaders, "content-type": "text/html; charset=utf-8", "x-correlation-id": correlationId, "cache-control": "no-store" },
  });
}
