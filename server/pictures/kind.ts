import { otherFile } from "./other-files.ts";
import { cutOff } from "./strip-plan.ts";

export type PictureFormat = "jpeg" | "png" | "webp";

export type PictureKind =
  | { readonly kind: "picture"; readonly format: PictureFormat; readonly mediaType: string; readonly extension: string }
  /** `reason` finishes the sentence "This file …". */
  | { readonly kind: "other"; readonly code: "unsupported" | "damaged"; readonly reason: string };

/** Bytes that `pictureKind` wants to see. */
export const sniffBytes = 4096;

const formats: ReadonlyArray<{ readonly picture: PictureKind; readonly starts: string; readonly at8?: string }> = [
  { starts: "\xff\xd8\xff", picture: { kind: "picture", format: "jpeg", mediaType: "image/jpeg", extension: "jpg" } },
  { starts: "\x89PNG\r\n\x1a\n", picture: { kind: "picture", format: "png", mediaType: "image/png", extension: "png" } },
  { starts: "RIFF", at8: "WEBP", picture: { kind: "picture", format: "webp", mediaType: "image/webp", extension: "webp" } },
];

/** Tells by content only; the name and the browser's claim are never looked at. */
export function pictureKind(head: Uint8Array, sizeBytes: number): PictureKind {
  const other = (code: "unsupported" | "damaged", reason: string): PictureKind => ({ kind: "other", code, reason });
  if (sizeBytes === 0) return other("unsupported", "is empty. Copy it again from where it came.");
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString("latin1");
  for (const { starts, at8, picture } of formats) {
    // Nothing but the beginning of a picture.
    if (sizeBytes < 8 && (starts.startsWith(text) || text.startsWith(starts))) return other("damaged", cutOff);
    if (text.startsWith(starts) && (at8 === undefined || text.startsWith(at8, 8))) return picture;
  }
  if (isOneByte(head)) return other("damaged", "holds no picture: all its bytes are the same. Copy it again from where it came.");
  const found = otherFile(head);
  if (found !== null) return other("unsupported", found);
  if (isShifted(text)) return other("damaged", "has other bytes before its picture and is damaged. Copy it again from where it came.");
  return other("unsupported", "is not a picture that Isengard can read. Save it as JPEG or PNG first.");
}

/** What a lost block of a disk or a broken download leaves. */
function isOneByte(head: Uint8Array): boolean {
  return head.length > 16 && head.every((byte) => byte === head[0]) && (head[0] === 0 || head[0] === 255);
}

function isShifted(text: string): boolean {
  return formats.some(({ starts, at8 }) => at8 === undefined && text.slice(0, 1024).includes(starts));
}
