export type PictureFormat = "jpeg" | "png" | "webp";

export type PictureKind =
  | { readonly kind: "picture"; readonly format: PictureFormat; readonly mediaType: string; readonly extension: string }
  /** `reason` finishes the sentence "This file …". */
  | { readonly kind: "other"; readonly reason: string };

/** Bytes that `pictureKind` wants to see. */
export const sniffBytes = 4096;

const formats: Record<PictureFormat, PictureKind> = {
  jpeg: { kind: "picture", format: "jpeg", mediaType: "image/jpeg", extension: "jpg" },
  png: { kind: "picture", format: "png", mediaType: "image/png", extension: "png" },
  webp: { kind: "picture", format: "webp", mediaType: "image/webp", extension: "webp" },
};

const convert = "Save it as JPEG or PNG first.";

/** Signatures of what people drop by mistake; `at` is the offset of `text` (one character is one byte). */
const others: ReadonlyArray<{ at: number; text: string; reason: string }> = [
  { at: 0, text: "GIF8", reason: `is a GIF picture, which is not accepted. ${convert}` },
  { at: 0, text: "BM", reason: `is a BMP picture, which is not accepted. ${convert}` },
  { at: 0, text: "II*\0", reason: `is a TIFF or camera raw picture, which is not accepted. ${convert}` },
  { at: 0, text: "MM\0*", reason: `is a TIFF or camera raw picture, which is not accepted. ${convert}` },
  { at: 0, text: "\xff\x0a", reason: `is a JPEG XL picture, which is not accepted. ${convert}` },
  { at: 4, text: "JXL ", reason: `is a JPEG XL picture, which is not accepted. ${convert}` },
  { at: 0, text: "%PDF", reason: "is a PDF document, not a picture." },
  { at: 0, text: "PK\x03\x04", reason: "is a ZIP archive or an office document, not a picture. Unpack it first." },
  { at: 0, text: "8BPS", reason: `is a Photoshop document, which is not accepted. ${convert}` },
];

const heicBrands = ["heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1"];
const avifBrands = ["avif", "avis"];

/** Tells by content only; the name and the browser's claim are never looked at. */
export function pictureKind(head: Uint8Array, sizeBytes: number): PictureKind {
  if (sizeBytes === 0) return { kind: "other", reason: "is empty." };
  const text = latin1(head);
  if (text.startsWith("\xff\xd8\xff")) return formats.jpeg;
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return formats.png;
  if (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") return formats.webp;
  if (text.slice(4, 8) === "ftyp") return { kind: "other", reason: boxReason(text.slice(8, 64)) };
  const known = others.find((other) => text.slice(other.at, other.at + other.text.length) === other.text);
  if (known) return { kind: "other", reason: known.reason };
  return { kind: "other", reason: isText(head) ? textReason(text) : "is not a picture that Isengard can read." };
}

function boxReason(brands: string): string {
  const named = (list: string[]) => list.some((brand) => brands.includes(brand));
  if (named(avifBrands)) return `is an AVIF picture, which is not accepted. ${convert}`;
  if (named(heicBrands)) {
    return "is a HEIC picture (iPhone), which is not accepted. Export it as JPEG, or set the phone's camera to “Most compatible”.";
  }
  return "is a video, not a picture.";
}

function textReason(text: string): string {
  if (/<svg[\s>]/i.test(text)) return `is an SVG drawing, which is not accepted. ${convert}`;
  if (/<!doctype html|<html[\s>]/i.test(text)) return "is a web page, not a picture.";
  return "is a text file, not a picture.";
}

/** Printable, valid UTF-8 apart from a character that the end of the head may have cut. */
function isText(head: Uint8Array): boolean {
  const decoded = new TextDecoder("utf-8").decode(head.subarray(0, Math.max(1, head.length - 3)));
  return !/(?![\t\n\v\f\r])\p{Cc}|\ufffd/u.test(decoded.replace(/\ufffd$/, ""));
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
