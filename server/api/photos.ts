import { t, type Elysia } from "elysia";
import { Photo, PhotoPatch, type UploadOutcome } from "../contract/character.ts";
import { AppError, notFound } from "../base/errors.ts";
import { assertOwnFolder } from "../files/own-place.ts";
import type { Paths } from "../files/paths.ts";
import type { Characters } from "../library/characters.ts";
import type { Photos } from "../library/photos/photos.ts";
import { mayTakeTime } from "./gate/connection-time.ts";
import { receiveFiles, type FormFile } from "./http/form-files.ts";
import { gives } from "./openapi/gives.ts";
import { takes } from "./input/takes.ts";
import { empty, file } from "./openapi/answers.ts";
import { IdParams, PhotoParams } from "./http/params.ts";
import { sendFile } from "./http/send-file.ts";

const Uploaded = t.Object({
  uploaded: t.Array(Photo),
  duplicates: t.Array(t.Object({ filename: t.String(), photo: Photo })),
  rejected: t.Array(t.Object({ filename: t.String(), code: t.String(), reason: t.String() })),
  totalImages: t.Number(),
});
type Uploaded = typeof Uploaded.static;

const filesBody = {
  required: true,
  content: { "multipart/form-data": { schema: { type: "object" as const, properties: { files: { type: "array" as const, items: { type: "string" as const } } } } } },
};

export interface PhotosApiDeps {
  readonly characters: Characters;
  readonly photos: Photos;
  /** `uploads`: for files on their way in. */
  readonly paths: Pick<Paths, "root" | "uploads">;
}

export function photosApi({ characters, photos, paths }: PhotosApiDeps) {
  const find = (characterId: string, photoId: string): Photo => {
    const photo = photos.get(characterId, idOf(photoId));
    if (photo === null) throw notFound("photo", photoId);
    return photo;
  };
  const known = (id: string) => {
    if (characters.get(id) === null) throw notFound("character", id);
  };
  return (http: Elysia) => http
    .get("/api/characters/:id/images", ({ params }) => {
      known(params.id);
      const images = photos.list(params.id);
      return { images, count: images.length };
    }, {
      ...takes({ params: IdParams }), ...gives({ 200: t.Object({ images: t.Array(Photo), count: t.Number() }) }),
      detail: { summary: "List a character's photos", tags: ["photos"] },
    })
    .post("/api/characters/:id/images", async ({ params, request, server, set }) => {
      known(params.id);
      mayTakeTime(request, server);
      const outcomes: UploadOutcome[] = [];
      assertOwnFolder(paths, paths.uploads);
      await receiveFiles(request, paths.uploads, async (file: FormFile) => {
        outcomes.push(await photos.add(params.id, file.fileName, file.path, request.signal));
      });
      if (outcomes.length === 0) throw new AppError("bad_request", "The request has no file.", { why: "Pictures are sent in the field `files`." });
      set.status = 201;
      return summary(outcomes, photos.list(params.id).length);
    }, {
      ...takes({ params: IdParams, raw: true }), ...gives({ 201: Uploaded }),
      detail: { summary: "Add photos (multipart, field `files`)", tags: ["photos"], requestBody: filesBody },
    })
    .get("/api/characters/:id/images/:file", ({ params, request }) => {
      const photo = find(params.id, params.file);
      return sendFile(request, photos.file(photo), { mediaType: photo.mediaType, fileName: nameOf(photo), attachment: false, tag: photo.id });
    }, { ...takes({ params: PhotoParams }), detail: { summary: "A photo, without its metadata", tags: ["photos"], ...file("image/jpeg", "image/png", "image/webp") } })
    .get("/api/characters/:id/images/:file/thumbnail", async ({ params, request }) => {
      const photo = find(params.id, params.file);
      const answer = { mediaType: "image/webp", fileName: `${photo.id}.webp`, attachment: false, tag: `${photo.id}-320` };
      return sendFile(request, await photos.thumbnail(photo), answer);
    }, { ...takes({ params: PhotoParams }), detail: { summary: "A photo in small (WebP)", tags: ["photos"], ...file("image/webp") } })
    .patch("/api/characters/:id/images/:file", ({ params, body }) => {
      return photos.setCaption(params.id, find(params.id, params.file).id, body.caption ?? "");
    }, {
      ...takes({ params: PhotoParams, body: PhotoPatch }), ...gives({ 200: Photo }),
      detail: { summary: "Change a photo's caption", tags: ["photos"] },
    })
    .post("/api/characters/:id/images/:file/restore", ({ params }) => photos.restore(params.id, idOf(params.file)), {
      ...takes({ params: PhotoParams }), ...gives({ 200: Photo }), detail: { summary: "Bring back a photo that was just deleted", tags: ["photos"] },
    })
    .delete("/api/characters/:id/images/:file", ({ params, set }) => {
      photos.remove(params.id, find(params.id, params.file).id);
      set.status = 204;
    }, { ...takes({ params: PhotoParams }), detail: { summary: "Delete a photo", tags: ["photos"], ...empty("It is deleted") } });
}

function idOf(file: string): string {
  return file.replace(/\.(jpe?g|png|webp)$/, "");
}

function summary(outcomes: UploadOutcome[], totalImages: number): Uploaded {
  const result: Uploaded = { uploaded: [], duplicates: [], rejected: [], totalImages };
  for (const outcome of outcomes) {
    if (outcome.kind === "added") result.uploaded.push(outcome.photo);
    else if (outcome.kind === "duplicate") result.duplicates.push({ filename: outcome.fileName, photo: outcome.photo });
    else result.rejected.push({ filename: outcome.fileName, code: outcome.code, reason: outcome.reason });
  }
  return result;
}

function nameOf(photo: Photo): string {
  return `${photo.id}.${photo.mediaType === "image/jpeg" ? "jpg" : photo.mediaType.slice("image/".length)}`;
}
