import { AppError } from "../../base/errors.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text out of bytes of a request. `what` is named where they are no UTF-8: "The file's name". */
export function utf8(bytes: Uint8Array, what: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new AppError("bad_request", `${what} is not UTF-8.`, {
      why: "Perhaps it is Latin-1 or Windows-1252.",
      fix: "Send it in UTF-8.",
    });
  }
}
