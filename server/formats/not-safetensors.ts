export interface OtherFile {
  /** Finishes the sentence "The file …". */
  readonly why: string;
  readonly fix: string;
}

/** As much as tells one kind of file from another. */
export const headBytes = 512;

const again = "Download it again, then try again.";
const convert = "Get the version of it that ends in .safetensors, or convert it on a machine where running it does no harm.";

/** What people have under such a name when a download went wrong, by its first bytes. */
const kinds: ReadonlyArray<readonly [is: (head: Uint8Array, text: string) => boolean, kind: OtherFile]> = [
  [(_, text) => /^\s*(<!doctype html|<html|<head|<\?xml)/i.test(text), {
    why: "is a web page, not a LoRA: the site answered the download with a page", fix: "Log in there, accept what it asks for, and download the file itself.",
  }],
  [(_, text) => text.startsWith("version https://git-lfs.github.com"), {
    why: "is only the pointer that Git LFS leaves in the place of the file", fix: "Run git lfs pull where it came from, or download the file itself.",
  }],
  [(_, text) => text.startsWith("PK\u0003\u0004"), { why: "is a ZIP archive or a PyTorch file (.pt, .ckpt), which can run code when it is read", fix: convert }],
  [(head) => head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5, { why: "is a pickled PyTorch file (.pt, .ckpt), which can run code when it is read", fix: convert }],
  [(_, text) => text.startsWith("GGUF"), { why: "is a GGUF file, the form of another program", fix: "Get the version of it that ends in .safetensors." }],
  [(head) => head[0] === 0x1f && head[1] === 0x8b, { why: "is packed with gzip", fix: "Unpack it, then try again." }],
  [(_, text) => /^\u0089PNG|^\u00ff\u00d8\u00ff|^RIFF....WEBP|^GIF8/s.test(text), { why: "is a picture, not a LoRA", fix: "Choose the file that ends in .safetensors." }],
  [(_, text) => text.startsWith("Rar!") || text.startsWith("7z\u00bc\u00af"), { why: "is a packed archive", fix: "Unpack it, then try again." }],
  [(head, text) => /^\s*[{[]/.test(text) && isText(head), { why: "is a text with JSON in it, not a LoRA: perhaps the site's answer instead of the file", fix: again }],
  [(head) => isText(head), { why: "is a text, not a LoRA", fix: again }],
  [(head) => head.every((byte) => byte === 0), { why: "has only zeros: its room was kept, but nothing was written", fix: again }],
];

/** By the first bytes of a file that is no whole safetensors file; null where they look like one. */
export function otherFile(head: Uint8Array, sizeBytes: number): OtherFile | null {
  if (sizeBytes === 0) return { why: "is empty", fix: again };
  const text = Array.from(head, (byte) => String.fromCharCode(byte)).join("");
  return kinds.find(([is]) => is(head, text))?.[1] ?? null;
}

/** UTF-8 without control signs; it may be cut within a sign. */
function isText(head: Uint8Array): boolean {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return text.length > 8 && !/[^\P{Cc}\t\n\r]/u.test(text);
  } catch {
    return false;
  }
}
