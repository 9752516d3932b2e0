import type { BunFile } from "bun";
import { AppError } from "../errors.ts";

export interface FileAnswer {
  readonly mediaType: string;
  /** ASCII; what the browser calls the file when it is saved. */
  readonly fileName: string;
  readonly attachment: boolean;
  /** Identifies the content for ever, so the browser may keep it. Absent: it must ask each time. */
  readonly tag?: string;
}

/**
 * Answers with a file: ranges, HEAD and conditional requests. Private, never sniffed, and harmless when opened by
 * itself: no script inside of it may run.
 */
export async function sendFile(request: Request, file: BunFile | null, answer: FileAnswer): Promise<Response> {
  if (file === null || !(await file.exists())) throw new AppError("not_found", `The file ${answer.fileName} is not there any more.`);
  const headers = headersOf(answer);
  if (answer.tag !== undefined && request.headers.get("if-none-match") === quoted(answer.tag)) return new Response(null, { status: 304, headers });
  const { size } = file;
  const range = rangeOf(request, size, answer);
  if (range === "unsatisfiable") {
    return new Response(null, { status: 416, headers: { "content-range": `bytes */${size}`, "cache-control": "no-store" } });
  }
  const { from, to } = range ?? { from: 0, to: size };
  headers.set("content-length", String(to - from));
  if (range) headers.set("content-range", `bytes ${from}-${to - 1}/${size}`);
  const body = request.method === "HEAD" ? null : range ? file.slice(from, to) : file;
  return new Response(body, { status: range ? 206 : 200, headers });
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

type Range = { readonly from: number; readonly to: number };

/** One range only; several, or none that can be read, give the whole file, as RFC 9110 allows. */
function rangeOf(request: Request, size: number, answer: FileAnswer): Range | "unsatisfiable" | null {
  const header = request.headers.get("range");
  const condition = request.headers.get("if-range");
  if (header === null || (condition !== null && (answer.tag === undefined || condition !== quoted(answer.tag)))) return null;
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.trim());
  if (!match || (match[1] === "" && match[2] === "")) return null;
  const [first, last] = [match[1]!, match[2]!];
  if (first === "") return Number(last) === 0 || size === 0 ? "unsatisfiable" : { from: Math.max(0, size - Number(last)), to: size };
  if (last !== "" && Number(last) < Number(first)) return null;
  if (Number(first) >= size) return "unsatisfiable";
  return { from: Number(first), to: last === "" ? size : Math.min(size, Number(last) + 1) };
}

function quoted(tag: string): string {
  return `"${tag}"`;
}
