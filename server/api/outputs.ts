import { t, type Elysia } from "elysia";
import { Output } from "../contract/output.ts";
import { Id } from "../contract/text.ts";
import { wholeNumber } from "../contract/whole-number.ts";
import { notFound } from "../base/errors.ts";
import { outputPageLimit, type Outputs } from "../library/outputs.ts";
import { gives } from "./openapi/gives.ts";
import { takes } from "./input/takes.ts";
import { empty, file } from "./openapi/answers.ts";
import { IdParams } from "./http/params.ts";
import { sendFile } from "./http/send-file.ts";

const defaultLimit = 60;
/** Old archive programs and some shares take no long names. */
const maxNameLetters = 40;
const OutputsQuery = t.Object({
  characterId: t.Optional(Id),
  jobId: t.Optional(Id),
  before: t.Optional(Id),
  limit: t.Optional(wholeNumber({ minimum: 1, maximum: outputPageLimit })),
});

/** `1`: as a file to keep. */
const FileQuery = t.Object({ download: t.Optional(t.Union([t.Literal("0"), t.Literal("1")])) });

/** "Anna-2026-11-30-0003-x7k2.png": whose, when and which; the last part keeps two jobs of one day apart. */
export function pictureFileName({ settings, jobId, index, createdAt }: Output): string {
  const person = (settings.loras[0]?.name ?? "").replace(/ v\d+$/, "").normalize("NFKD").replaceAll(/\p{M}/gu, "");
  const name = person.replaceAll(/[^A-Za-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "").slice(0, maxNameLetters);
  return `${name === "" ? "Picture" : name}-${createdAt.slice(0, 10)}-${String(index + 1).padStart(4, "0")}-${jobId.slice(-4)}.png`;
}

export function outputsApi({ outputs }: { outputs: Outputs }) {
  const find = (id: string): Output => {
    const output = outputs.get(id);
    if (output === null) throw notFound("picture", id);
    return output;
  };
  return (http: Elysia) => http
    .get("/api/outputs", ({ query }) => outputs.list({ ...query, limit: query.limit ?? defaultLimit }), {
      ...takes({ query: OutputsQuery }), ...gives({ 200: t.Object({ outputs: t.Array(Output), next: t.Union([t.String(), t.Null()]) }) }),
      detail: { summary: "List generated pictures, newest first", tags: ["outputs"] },
    })
    .get("/api/outputs/:id", ({ params }) => find(params.id), {
      ...takes({ params: IdParams }), ...gives({ 200: Output }), detail: { summary: "Get a generated picture's facts", tags: ["outputs"] },
    })
    .delete("/api/outputs/:id", ({ params, set }) => {
      outputs.remove(params.id);
      set.status = 204;
    }, { ...takes({ params: IdParams }), detail: { summary: "Delete a generated picture", tags: ["outputs"], ...empty("It is deleted") } })
    .post("/api/outputs/:id/restore", ({ params }) => outputs.restore(params.id), {
      ...takes({ params: IdParams }), ...gives({ 200: Output }), detail: { summary: "Bring back a picture that was just deleted", tags: ["outputs"] },
    })
    .get("/api/outputs/:id/file", ({ params, query, request }) => {
      const output = find(params.id);
      const fileName = pictureFileName(output);
      return sendFile(request, outputs.file(output), { mediaType: "image/png", fileName, attachment: query.download === "1", tag: output.id });
    }, {
      ...takes({ params: IdParams, query: FileQuery }),
      detail: { summary: "The PNG, with its settings inside", tags: ["outputs"], ...file("image/png") },
    })
    .get("/api/outputs/:id/thumbnail", async ({ params, request }) => {
      const output = find(params.id);
      const answer = { mediaType: "image/webp", fileName: `${output.id}.webp`, attachment: false, tag: `${output.id}-320` };
      return sendFile(request, await outputs.thumbnail(output), answer);
    }, { ...takes({ params: IdParams }), detail: { summary: "The picture in small (WebP)", tags: ["outputs"], ...file("image/webp") } });
}
