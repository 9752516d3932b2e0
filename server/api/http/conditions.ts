import type { Encoding } from "../../files/ui-assets.ts";

/** Header values are compared as RFC 9110 says: lists, weak tags and weights count, blanks around them do not. */

/** RFC 9110 13.1.2: true where the client has what carries `etag` (quoted, strong). The comparison is weak. */
export function hasCurrent(request: Request, etag: string): boolean {
  const header = request.headers.get("if-none-match");
  if (header === null) return false;
  return header.trim() === "*" || tagsOf(header).some((tag) => tag.replace(/^W\//, "") === etag);
}

/** RFC 9110 13.1.5: a range may be sent where there is no condition, or where it names this version. The comparison is strong. */
export function mayBePart(request: Request, etag: string | null): boolean {
  const condition = request.headers.get("if-range");
  return condition === null || (etag !== null && condition.trim() === etag);
}

function tagsOf(header: string): string[] {
  return header.match(/(?:W\/)?"[^"]*"/g) ?? [];
}

/** RFC 9110 12.5.3: which encodings the client takes; one with the weight 0 is refused by it. */
export function takenEncodings(request: Request): ReadonlySet<Encoding> {
  const weights = new Map<string, number>();
  for (const part of (request.headers.get("accept-encoding") ?? "").slice(0, 1000).split(",")) {
    const [name = "", ...parameters] = part.split(";").map((word) => word.trim().toLowerCase());
    const weight = parameters.map((word) => /^q=([\d.]+)$/.exec(word)?.[1]).find((text) => text !== undefined);
    weights.set(name, weight === undefined ? 1 : Number(weight));
  }
  const takes = (name: string) => (weights.get(name) ?? weights.get("*") ?? 0) > 0;
  return new Set((["br", "zstd", "gzip"] as const).filter(takes));
}

export interface ByteRange {
  /** The first byte. */
  readonly from: number;
  /** Behind the last byte. */
  readonly to: number;
}

/**
 * RFC 9110 14.1: one range of bytes. Several, another unit, or one that cannot be read give null, the whole file, as the RFC allows.
 * `size` in bytes.
 */
export function byteRange(request: Request, size: number): ByteRange | "unsatisfiable" | null {
  const match = /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(request.headers.get("range") ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return null;
  const [first, last] = [match[1]!, match[2]!];
  if (first === "") return Number(last) === 0 || size === 0 ? "unsatisfiable" : { from: Math.max(0, size - Number(last)), to: size };
  if (last !== "" && Number(last) < Number(first)) return null;
  if (Number(first) >= size) return "unsatisfiable";
  return { from: Number(first), to: last === "" ? size : Math.min(size, Number(last) + 1) };
}

/** RFC 9110 7.8, RFC 6455 4.2.1: the value is compared without regard to case, and may be one of a list. */
export function wantsWebSocket(request: Request): boolean {
  return (request.headers.get("upgrade") ?? "").split(",").some((word) => word.trim().toLowerCase() === "websocket");
}

/** Whether a person's browser asks for a page to show, and not a script for data. */
export function wantsPage(request: Request): boolean {
  return request.method === "GET" && /\btext\/html\b/i.test(request.headers.get("accept") ?? "");
}
