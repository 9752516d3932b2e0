import { ApiError } from "../../api.ts";

/**
 * A part of a file, read before it is sent. The browser reads at the moment of sending otherwise, and a file that has
 * gone then looks like a lost connection. Throws an ApiError that trying again by itself cannot mend.
 */
export async function readPart(file: File, from: number, to: number): Promise<ArrayBuffer> {
  let bytes: ArrayBuffer;
  try {
    bytes = await file.slice(from, to).arrayBuffer();
  } catch (thrown) {
    throw unreadable((thrown as Error | undefined)?.name ?? "");
  }
  if (bytes.byteLength !== to - from) throw changed();
  return bytes;
}

function unreadable(reason: string): ApiError {
  if (reason === "NotFoundError") {
    return refusal("This file is not there any more.", "It was moved, renamed or deleted after it was chosen, or its disk was removed.", "Choose it again.");
  }
  return refusal(
    "The browser cannot read this file.",
    "It was changed after it was chosen, it may not be opened by you, it is kept in a cloud and not on this device, or it is a folder.",
    "Open it once on this device, then choose it again.",
  );
}

function changed(): ApiError {
  return refusal("This file was changed while it was sent.", "It is not as long as it was when it was chosen.", "Choose it again.");
}

/** Status 422: the file is to blame, as where the server refuses it. */
function refusal(what: string, why: string, fix: string): ApiError {
  return new ApiError(422, "unreadable_file", what, why, fix, "");
}
