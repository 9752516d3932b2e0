import { expect, test } from "bun:test";
import { readParts } from "./multipart.ts";

test.each([
  ['name="files"; filename="a.jpg"', "files", "a.jpg"],
  ["name=files; filename=a.jpg", "files", "a.jpg"],
  ['Name = "files" ; FileName="a b.jpg"', "files", "a b.jpg"],
  ['filename="x; name=\\"other\\".jpg"; name="files"', "files", 'x; name="other".jpg'],
  ['name="files"; filename="a\u2028b\u2029\u0085.jpg"', "files", "a\u2028b\u2029\u0085.jpg"],
  [`name="files"; filename="_.jpg"; filename*=utf-8'en'%C3%A9.jpg`, "files", "é.jpg"],
  ['name="files"; filename=""', "files", ""],
  ['name="caption"', "caption", null],
])("a part with %s is read as its header says", async (header, field, fileName) => {
  const found: unknown[] = [];
  for await (const part of readParts(bodyOf(header), "multipart/form-data; boundary=b")) found.push([part.field, part.fileName]);
  expect(found).toEqual([[field, fileName]]);
});

/** One byte at a time, as a bad line may bring it. */
async function* bodyOf(header: string): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(`--b\r\ncontent-disposition: form-data; ${header}\r\n\r\nx\r\n--b--\r\n`);
  for (const byte of bytes) yield Uint8Array.of(byte);
}
