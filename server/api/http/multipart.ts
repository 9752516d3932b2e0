import { AppError } from "../../base/errors.ts";
import { utf8 } from "./utf8.ts";

/** One part of a form. `body` must be read to its end before the next part is asked for. */
export interface FormPart {
  readonly field: string;
  /** Null: a plain field. */
  readonly fileName: string | null;
  readonly body: AsyncGenerator<Uint8Array>;
}

const headerLimitBytes = 16 * 1024;

/**
 * Reads a multipart form as it arrives, so that a form of any size needs the memory of one network chunk. Throws
 * AppError for a body that is not such a form.
 */
export async function* readParts(body: AsyncIterable<Uint8Array>, contentType: string): AsyncGenerator<FormPart> {
  const boundary = /^multipart\/form-data;[^]*boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(contentType);
  if (!boundary) throw new AppError("unsupported_media", "The request is not a form with files.", { fix: "Send multipart/form-data with the field `files`." });
  const reader = new PartReader(body, `\r\n--${boundary[1] ?? boundary[2]}`);
  await drain(reader.untilDelimiter());
  while (await reader.hasPart()) {
    const header = await reader.header();
    const part = { ...parseDisposition(header), body: reader.untilDelimiter() };
    yield part;
    await drain(part.body);
  }
}

class PartReader {
  private readonly chunks: AsyncIterator<Uint8Array>;
  private readonly delimiter: Buffer;
  /** Starts with the line end that the first delimiter lacks. */
  private buffer: Buffer = Buffer.from("\r\n");

  constructor(body: AsyncIterable<Uint8Array>, delimiter: string) {
    this.chunks = body[Symbol.asyncIterator]();
    this.delimiter = Buffer.from(delimiter);
  }

  async *untilDelimiter(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const found = this.buffer.indexOf(this.delimiter);
      if (found >= 0) {
        const last = this.buffer.subarray(0, found);
        this.buffer = this.buffer.subarray(found + this.delimiter.length);
        if (last.length > 0) yield last;
        return;
      }
      const safe = this.buffer.length - this.delimiter.length + 1;
      if (safe > 0) {
        const content = this.buffer.subarray(0, safe);
        this.buffer = this.buffer.subarray(safe);
        yield content;
      }
      await this.fill();
    }
  }

  async hasPart(): Promise<boolean> {
    while (this.buffer.length < 2) await this.fill();
    const mark = this.buffer.toString("latin1", 0, 2);
    if (mark !== "--" && mark !== "\r\n") throw broken();
    return mark === "\r\n";
  }

  async header(): Promise<string> {
    for (;;) {
      const end = this.buffer.indexOf("\r\n\r\n");
      if (end >= 0) {
        const text = utf8(this.buffer.subarray(0, end), "A name in the form");
        this.buffer = this.buffer.subarray(end + 4);
        return text;
      }
      if (this.buffer.length > headerLimitBytes) throw broken();
      await this.fill();
    }
  }

  private async fill(): Promise<void> {
    const { done, value } = await this.chunks.next();
    if (done) throw broken();
    this.buffer = Buffer.concat([this.buffer, value]);
  }
}

function parseDisposition(header: string): { field: string; fileName: string | null } {
  // Only CR LF ends a line of a header; a name may have what JavaScript calls a line end.
  const line = header.split("\r\n").map((text) => /^content-disposition:\s*form-data;([^]*)$/i.exec(text)?.[1]).find((text) => text !== undefined) ?? "";
  const parameters = parametersOf(line);
  const encoded = /^UTF-8'[^']*'(.*)$/is.exec(parameters.get("filename*") ?? "")?.[1];
  const plain = parameters.get("filename");
  return {
    field: parameters.get("name") ?? "",
    fileName: encoded !== undefined ? decoded(encoded) : plain !== undefined ? plain.replaceAll(/%22|\\"/g, '"') : null,
  };
}

/** RFC 2183: each value is a word or a quoted text, in which anything may stand, also what looks like the next parameter. */
function parametersOf(line: string): Map<string, string> {
  const found = line.matchAll(/(?:^|;)\s*([\w*-]+)\s*=\s*(?:"((?:[^"\\]|\\[^])*)"|([^;\s"]+))/g);
  return new Map([...found].map(([, name, quoted, word]) => [name!.toLowerCase(), quoted ?? word ?? ""]));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A wrong escape: the name is for display only.
    return text;
  }
}

async function drain(body: AsyncGenerator<Uint8Array>): Promise<void> {
  for await (const chunk of body) void chunk;
}

function broken(): AppError {
  return new AppError("bad_request", "The form could not be read.", { why: "It ends too early or is not well-formed." });
}
