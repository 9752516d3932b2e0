import { expect, test } from "bun:test";
import { filesOfFolder, readTransfer } from "./dropped-files.ts";

const picture = (name: string, type = "image/jpeg") => new File(["x"], name, { type });
const fileEntry = (file: File) => ({ isDirectory: false, name: file.name, file: (done: (file: File) => void) => done(file) });
const gone = (name: string) => ({ isDirectory: false, name, file: (_: unknown, failed: (error: Error) => void) => failed(new Error("gone")) });

/** Gives its names in parts of a hundred, as Chromium does. */
function folder(name: string, entries: readonly unknown[]) {
  return {
    isDirectory: true, name,
    createReader: () => {
      let from = 0;
      return { readEntries: (done: (part: unknown[]) => void) => done(entries.slice(from, (from += 100))) };
    },
  };
}

function transfer(entries: readonly unknown[], files: readonly File[] = []): DataTransfer {
  const items = entries.map((entry) => ({ kind: "file", webkitGetAsEntry: () => entry }));
  return { items, files } as unknown as DataTransfer;
}

test("a dropped folder gives all its pictures, also nested and more than a hundred, and says what it left out", async () => {
  const many = Array.from({ length: 250 }, (_, index) => fileEntry(picture(`${index}.jpg`)));
  const inner = folder("inner", [fileEntry(picture("x.HEIC", "")), fileEntry(picture("._x.jpg")), fileEntry(picture("notes.txt", "text/plain")), gone("cloud.jpg")]);
  const dropped = await readTransfer(transfer([folder("My holiday", [...many, inner]), fileEntry(picture("letter.txt", "text/plain"))]));
  expect([dropped.files.length, dropped.others, dropped.unreadable, dropped.folders]).toEqual([252, 2, ["cloud.jpg"], 1]);
  expect(dropped.files.slice(-2).map(({ name }) => name)).toEqual(["x.HEIC", "letter.txt"]);
});

test("files dropped or pasted without a folder come as they are, in browsers without entries too", async () => {
  const files = [picture("a.jpg"), picture("letter.txt", "text/plain")];
  expect((await readTransfer(transfer([fileEntry(files[0]!)], files))).files).toEqual(files);
  expect((await readTransfer({ items: [{ kind: "file" }], files } as unknown as DataTransfer)).files).toEqual(files);
});

test("a chosen folder gives only its pictures", () => {
  expect(filesOfFolder([picture("a.webp", ""), picture("Thumbs.db", ""), picture(".DS_Store", "")])).toMatchObject({ others: 2, files: [{ name: "a.webp" }] });
});
