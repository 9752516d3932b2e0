import type { BunFile } from "bun";
import { AppError } from "../../base/errors.ts";
import { byteRange, hasCurrent, mayBePart } from "./conditions.ts";

export interface FileAnswer {
  readonly mediaType: string;
  /** ASCII; what the browser calls the file when it is saved. */
  readonly fileName: string;
  readonly attachment: boolean;
  /** Identifies the content for ever, so the browser may keep it. Absent: it must ask each time. */
  readonly tag?: string;
}

/**
 * Answers with a file: ranges and conditional requests (HEAD is made of it in `front.ts`). Private, never sniffed, and harmless when opened by
 * itself: no script inside of it may run.
 */
export async function sendFile(request: Request, file: BunFile | null, answer: FileAnswer): Promise<Response> {
  if (file === null || !(await file.exists())) throw new AppError("not_found", `The file ${answer.fileName} is not there any more.`);
  const headers = headersOf(answer);
  const etag = answer.tag === undefined ? null : quoted(answer.tag);
  if (etag !== null && hasCurrent(request, etag)) return new Response(null, { status: 304, headers });
  const { size } = file;
  const range = mayBePart(request, etag) ? byteRange(request, size) : null;
  if (range === "unsatisfiable") {
    return new Response(null, { status: 416, headers: { "content-range": `bytes */${size}`, "cache-control": "no-store" } });
  }
  const { from, to } = range ?? { from: 0, to: size };
  headers.set("content-length", String(to - from));
  if (range) headers.set("content-range", `bytes ${from}-${to - 1}/${size}`);
  return new Response(range ? file.slice(from, to) : file, { status: range ? 206 : 200, headers });
}

function headersOf(answer: FileAnswer): Headers {
  const headers = new Headers({
    "content-type": answer.mediaType,
    "content-disposition": `${answer.attachment ? "attachment" : "inline"}; filename="${answer.fileName.replaceAll(/[^\w.-]/g, "_")}"`,
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "accept-ranges": "bytes",
    "cache-control": answer.tag === undefined ? "private, no-store" : "private, max-age=31536000, immutable",
  });
  if (answer.tag !== undefined) headers.set("etag", quoted(answer.tag));
  return headers;
}

function quoted(tag: string): string {
  return `"${tag}"`;
}
