import { open } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../base/errors.ts";
import { removeFile } from "../../files/durable.ts";
import { bodyIdleMs, liveStream } from "../../files/live-stream.ts";
import { bodyLimit } from "./body-limits.ts";
import { counted } from "./body-bytes.ts";
import { readParts, type FormPart } from "./multipart.ts";

export interface FormFile {
  readonly fileName: string;
  /** Removed as soon as it was taken. */
  readonly path: string;
}

const fileLimit = 500;
/** One byte more than a photo may have is enough to refuse it; the rest is read and dropped. */
const keptBytes = 50_000_001;
const fields: ReadonlySet<string> = new Set(["files", "files[]", "file"]);

/** Gives each file of a form to `take`, one after the other, while the rest still arrives. */
export async function receiveFiles(request: Request, folder: string, take: (file: FormFile) => Promise<void>): Promise<void> {
  if (request.body === null) return;
  let count = 0;
  const body = counted(liveStream(request.body, { idleMs: bodyIdleMs }), bodyLimit(new URL(request.url).pathname));
  for await (const part of readParts(body, request.headers.get("content-type") ?? "")) {
    assertKnown(part);
    if (++count > fileLimit) throw new AppError("too_large", `A request may have up to ${fileLimit} files.`);
    const path = join(folder, `form-${crypto.randomUUID()}`);
    try {
      await keep(part, path);
      await take({ fileName: part.fileName, path });
    } finally {
      await removeFile(path);
    }
  }
}

/** Anything else in the form was meant for something, and would be lost. */
function assertKnown(part: FormPart): asserts part is FormPart & { fileName: string } {
  const isKnown = fields.has(part.field);
  if (isKnown && part.fileName !== null) return;
  const path = part.field.slice(0, 60);
  const message = isKnown ? "must be a file, with a file name" : "is not known here; pictures are sent in the field files";
  throw new AppError("invalid_input", `The form has a field that cannot be used: ${path}.`, { why: `${path} ${message}.`, fields: [{ path, message }] });
}

async function keep(part: FormPart, path: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    let room = keptBytes;
    for await (const chunk of part.body) {
      const kept = chunk.subarray(0, room);
      room -= kept.length;
      for (let sent = 0; sent < kept.length;) sent += (await file.write(kept, sent)).bytesWritten;
    }
  } finally {
    await file.close();
  }
}
