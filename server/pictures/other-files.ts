const convert = "Save it as JPEG or PNG first.";
const developRaw = "Open it in the camera's program or a photo editor and save it as JPEG.";
const unpack = "Unpack it first and add the photos in it.";
const still = "Save one picture of it as JPEG or PNG.";

function picture(name: string): string {
  return `is ${name}, which is not accepted. ${convert}`;
}
const raw = `is a camera raw picture, which is not accepted. ${developRaw}`;
const video = `is a video, not a picture. Pause it at a good moment and save that picture as JPEG or PNG.`;
const archive = (name: string) => `is ${name}, not a picture. ${unpack}`;
const document = (name: string) => `is ${name}, not a picture. Save the picture in it as JPEG or PNG.`;
const beside = (program: string) => `is a file that ${program} keeps beside pictures, not a picture. Leave it out.`;

interface Signature {
  readonly at: number;
  /** One character is one byte. */
  readonly text: string;
  readonly reason: string;
}

/** The first that fits is taken, so the narrower ones come first. */
const signatures: readonly Signature[] = [
  { at: 0, text: "GIF8", reason: `is a GIF picture, which is not accepted. ${still}` },
  { at: 0, text: "FUJIFILMCCD-RAW", reason: raw },
  { at: 0, text: "FOVb", reason: raw },
  { at: 0, text: "IIU\0", reason: raw },
  { at: 0, text: "IIRO", reason: raw },
  { at: 0, text: "IIRS", reason: raw },
  { at: 0, text: "MMOR", reason: raw },
  { at: 0, text: "\0MRM", reason: raw },
  { at: 8, text: "CR\x02", reason: raw },
  { at: 6, text: "HEAPCCDR", reason: raw },
  { at: 0, text: "II+\0", reason: picture("a TIFF picture") },
  { at: 0, text: "MM\0+", reason: picture("a TIFF picture") },
  { at: 0, text: "II\xbc\x01", reason: picture("a JPEG XR picture") },
  { at: 0, text: "8BPS", reason: picture("a Photoshop document") },
  { at: 0, text: "gimp xcf", reason: picture("a GIMP picture") },
  { at: 0, text: "\0\0\x01\0", reason: picture("an icon (ICO)") },
  { at: 0, text: "\0\0\x02\0", reason: picture("a mouse pointer (CUR)") },
  { at: 0, text: "icns", reason: picture("an icon (ICNS)") },
  { at: 4, text: "jP  \r\n\x87\n", reason: picture("a JPEG 2000 picture") },
  { at: 0, text: "\xff\x4f\xff\x51", reason: picture("a JPEG 2000 picture") },
  { at: 0, text: "\xff\x0a", reason: picture("a JPEG XL picture") },
  { at: 4, text: "JXL ", reason: picture("a JPEG XL picture") },
  { at: 0, text: "BPG\xfb", reason: picture("a BPG picture") },
  { at: 0, text: "qoif", reason: picture("a QOI picture") },
  { at: 0, text: "DDS ", reason: picture("a DDS texture") },
  { at: 0, text: "\x76\x2f\x31\x01", reason: picture("an OpenEXR picture") },
  { at: 0, text: "#?RADIANCE", reason: picture("a Radiance HDR picture") },
  { at: 0, text: "SIMPLE  =", reason: picture("a FITS picture") },
  { at: 128, text: "DICM", reason: picture("a DICOM picture") },
  { at: 0, text: "%PDF", reason: document("a PDF document") },
  { at: 0, text: "%!PS", reason: document("a PostScript document") },
  { at: 0, text: "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", reason: "is an office document or a file that Windows keeps (Thumbs.db), not a picture." },
  { at: 0, text: "{\\rtf", reason: document("a text document (RTF)") },
  { at: 0, text: "PK\x03\x04", reason: "is a ZIP archive or an office document, not a picture. " + unpack },
  { at: 0, text: "PK\x07\x08", reason: archive("a ZIP archive") },
  { at: 0, text: "PK\x05\x06", reason: "is an empty ZIP archive, not a picture." },
  { at: 0, text: "Rar!\x1a\x07", reason: archive("a RAR archive") },
  { at: 0, text: "7z\xbc\xaf\x27\x1c", reason: archive("a 7-Zip archive") },
  { at: 0, text: "\x1f\x8b", reason: archive("a compressed archive (gzip)") },
  { at: 0, text: "BZh", reason: archive("a compressed archive (bzip2)") },
  { at: 0, text: "\xfd7zXZ\0", reason: archive("a compressed archive (xz)") },
  { at: 0, text: "\x28\xb5\x2f\xfd", reason: archive("a compressed archive (zstd)") },
  { at: 257, text: "ustar", reason: archive("a TAR archive") },
  { at: 0, text: "MSCF", reason: archive("a CAB archive") },
  { at: 0, text: "\x1a\x45\xdf\xa3", reason: video },
  { at: 0, text: "FLV\x01", reason: video },
  { at: 0, text: "\0\0\x01\xba", reason: video },
  { at: 0, text: "\0\0\x01\xb3", reason: video },
  { at: 0, text: "\x30\x26\xb2\x75\x8e\x66\xcf\x11", reason: video },
  { at: 4, text: "moov", reason: video },
  { at: 4, text: "mdat", reason: video },
  { at: 4, text: "wide", reason: video },
  { at: 8, text: "AVI ", reason: video },
  { at: 8, text: "WAVE", reason: "is a sound, not a picture." },
  { at: 0, text: "ID3", reason: "is a sound, not a picture." },
  { at: 0, text: "fLaC", reason: "is a sound, not a picture." },
  { at: 0, text: "OggS", reason: "is a sound or a video, not a picture." },
  { at: 0, text: "\0\x05\x16\x07", reason: beside("macOS (named “._…”)") },
  { at: 0, text: "\0\x05\x16\0", reason: beside("macOS (named “._…”)") },
  { at: 0, text: "\0\0\0\x01Bud1", reason: beside("macOS (.DS_Store)") },
  { at: 0, text: "SQLite format 3\0", reason: "is a database, not a picture." },
  { at: 0, text: "\x7fELF", reason: "is a program, not a picture." },
  { at: 0, text: "MZ", reason: "is a program, not a picture." },
  { at: 0, text: "BM", reason: picture("a BMP picture") },
];

/** What a file is that is no JPEG, PNG or WebP; finishes the sentence "This file …". Null: nothing known. */
export function otherFile(head: Uint8Array): string | null {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString("latin1");
  if (text.slice(4, 8) === "ftyp") return boxReason(text.slice(8, 64));
  const known = signatures.find(({ at, text: mark }) => text.startsWith(mark, at));
  if (known) return known.reason;
  if (text.startsWith("II*\0") || text.startsWith("MM\0*")) return tiffReason(text);
  return isText(head) ? textReason(text) : null;
}

const brands: ReadonlyArray<readonly [string[], string]> = [
  [["crx "], raw],
  [["avif", "avis"], picture("an AVIF picture")],
  [["heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1"],
    "is a HEIC picture (iPhone), which is not accepted. Export it as JPEG, or set the phone's camera to “Most compatible”."],
  [["jp2 ", "jpx ", "jpm "], picture("a JPEG 2000 picture")],
  [["M4A ", "M4B "], "is a sound, not a picture."],
];

function boxReason(named: string): string {
  return brands.find(([list]) => list.some((brand) => named.includes(brand)))?.[1] ?? video;
}

/** Most cameras write their raw pictures as TIFF and say who made them. */
function tiffReason(text: string): string {
  const makers = /NIKON|Canon|SONY|PENTAX|SAMSUNG|Panasonic|OLYMPUS|FUJIFILM|Hasselblad|LEICA|Phase One|RICOH/i;
  return makers.test(text) ? raw : `is a TIFF or camera raw picture, which is not accepted. Save it as JPEG.`;
}

function textReason(text: string): string {
  const start = text.replace(/^\xef\xbb\xbf/, "").trimStart();
  if (/<svg[\s>]/i.test(text)) return picture("an SVG drawing");
  if (/<!doctype html|<html[\s>]/i.test(text)) return "is a web page, not a picture. Open it and save the picture itself.";
  if (/<x:xmpmeta|<rdf:RDF|<\?xpacket/i.test(text)) return beside("a photo editor (XMP)");
  if (/^\[(\.ShellClassInfo|LocalizedFileNames)/i.test(start)) return beside("Windows (desktop.ini)");
  if (/^[{[][\s"\]}\d[{-]/.test(start)) return "is a JSON file, not a picture.";
  return "is a text file, not a picture.";
}

/** Printable, in UTF-16 with its mark or in valid UTF-8 apart from a character that the end of the head may have cut. */
function isText(head: Uint8Array): boolean {
  const wide = head[0] === 0xff && head[1] === 0xfe ? "utf-16le" : head[0] === 0xfe && head[1] === 0xff ? "utf-16be" : null;
  const decoded = new TextDecoder(wide ?? "utf-8").decode(head.length > 64 ? head.subarray(0, head.length - 4) : head);
  return !/(?![\t\n\v\f\r])\p{Cc}|\ufffd/u.test(decoded.replace(/\ufffd$/, ""));
}
