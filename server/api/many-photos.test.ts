import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Photo } from "../contract/character.ts";
import { serveLibrary, type LibraryServer } from "../testing/library-server.ts";
import { drawPicture } from "../testing/pictures.ts";

let server: LibraryServer;
beforeEach(() => void (server = serveLibrary()));
afterEach(() => server.close());

const photoLimit = 2000;

test("F56: of thousands of pictures for one person 2,000 are taken, each once and in order, and the rest is refused in words", async () => {
  const { id } = server.characters.create({ name: "Ada" });
  const insert = server.db.query(
    `insert into photo (id, character_id, sha256, original_name, media_type, width, height, size_bytes, created_at)
     values (printf('pho-%026d', ?1), ?2, 'hash-' || ?1, 'old ' || ?1, 'image/png', 64, 64, 100, '2026-01-01T00:00:00.000Z')`,
  );
  const before = photoLimit - 250;
  server.db.transaction(() => { for (let n = 0; n < before; n++) insert.run(n, id); })();
  const form = new FormData();
  for (let n = 0; n < 300; n++) {
    // Every tenth is the picture before it once more.
    const bytes = await drawPicture({ width: 64, height: 64, seed: n % 10 === 9 ? n - 1 : n, format: "png", noise: true });
    form.append("files", new File([bytes as BlobPart], `new ${n}.png`, { type: "image/png" }));
  }
  const answer = await fetch(`${server.origin}/api/characters/${id}/images`, { method: "POST", body: form });
  const outcome = (await answer.json()) as { uploaded: Photo[]; duplicates: unknown[]; rejected: Array<{ filename: string; code: string; reason: string }>; totalImages: number };
  expect([answer.status, outcome.uploaded.length, outcome.totalImages]).toEqual([201, 250, photoLimit]);
  expect(outcome.duplicates.length + outcome.rejected.length).toBe(50);
  expect(outcome.rejected.length).toBeGreaterThan(10);
  for (const { code, reason } of outcome.rejected) expect([code, reason]).toEqual(["too_many", expect.stringContaining("2,000")]);
  const { images, count } = (await (await fetch(`${server.origin}/api/characters/${id}/images`)).json()) as { images: Photo[]; count: number };
  expect(count).toBe(photoLimit);
  expect(new Set(images.map((photo) => photo.id)).size).toBe(photoLimit);
  expect(images.slice(before).map((photo) => photo.originalName)).toEqual(outcome.uploaded.map((photo) => photo.originalName));
  for (const photo of images.slice(before).filter((_, index) => index % 25 === 0)) {
    expect((await fetch(`${server.origin}${photo.thumbnailUrl}`)).headers.get("content-type")).toBe("image/webp");
  }
  for (const { id: photoId } of outcome.uploaded) expect(existsSync(join(server.paths.photos, id, `${photoId}.png`))).toBe(true);
  // What a training would take with it is the whole set, also when one goes while it is read.
  expect(server.photos.originals(id)).toHaveLength(photoLimit);
  expect((await fetch(`${server.origin}/api/characters/${id}/images/${outcome.uploaded[0]!.id}`, { method: "DELETE" })).status).toBe(204);
  expect(server.characters.get(id)!.photoCount).toBe(photoLimit - 1);
  expect(server.problems).toEqual([]);
}, 60_000);
