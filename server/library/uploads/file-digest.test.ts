import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../testing/folder.ts";
import { fileDigest } from "./file-digest.ts";

test("others are answered while a large file is hashed", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "large");
  const bytes = new Uint8Array(8 * 1024 * 1024).fill(7);
  writeFileSync(path, bytes);
  let turns = 0;
  const count = () => {
    turns++;
    asking = setImmediate(count);
  };
  let asking = setImmediate(count);
  const digest = await fileDigest(path, "sha1");
  clearImmediate(asking);
  expect(digest).toBe(new Bun.CryptoHasher("sha1").update(bytes).digest("base64"));
  expect(turns).toBeGreaterThan(8);
});
