import type { Elysia } from "elysia";
import { UploadOutcome } from "../contract/character.ts";
import { AppError } from "../base/errors.ts";
import { checksumAlgorithms, type Checksum } from "../library/uploads/upload-parts.ts";
import { uploadLimits, type Uploads, type UploadState } from "../library/uploads/uploads.ts";
import { mayTakeTime } from "./gate/connection-time.ts";
import { gives } from "./openapi/gives.ts";
import { takes } from "./input/takes.ts";
import { utf8 } from "./http/utf8.ts";
import { appendDetail, beginDetail, speaks, tags } from "./openapi/tus.ts";
import { empty } from "./openapi/answers.ts";
import { IdParams } from "./http/params.ts";

const version = "1.0.0";
const offsetMediaType = "application/offset+octet-stream";
const abilities = {
  "tus-resumable": version, "tus-version": version, "tus-extension": "creation,termination,expiration,checksum",
  "tus-checksum-algorithm": checksumAlgorithms.join(","), "tus-max-size": String(uploadLimits.fileBytes),
};

/** Resumable uploads: tus 1.0.0 with creation, termination, expiration and checksum. One photo each, chunks of up to 32 MiB. */
export function uploadsApi({ uploads }: { uploads: Uploads }) {
  const append = async (id: string, request: Request, server: Bun.Server<unknown> | null): Promise<Response> => {
    assertVersion(request);
    if ((request.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase() !== offsetMediaType) {
      throw new AppError("unsupported_media", "The chunk has the wrong content type.", { fix: `Send it as ${offsetMediaType}.` });
    }
    mayTakeTime(request, server);
    const state = await uploads.append(id, {
      offset: readNumber(request, "upload-offset"), length: readNumber(request, "content-length"), body: request.body,
      checksum: readChecksum(request.headers.get("upload-checksum")),
      hangUp: () => server?.timeout(request, 1),
    });
    return answer(204, state, {});
  };
  const remove = async (id: string, request: Request): Promise<Response> => {
    assertVersion(request);
    await uploads.remove(id);
    return new Response(null, { status: 204, headers: { "tus-resumable": version } });
  };
  return (http: Elysia) => http
    .options("/api/uploads", () => new Response(null, { status: 204, headers: abilities }), { detail: { hide: true } })
    .post("/api/uploads", async ({ request }) => {
      assertVersion(request);
      assertNoBytes(request);
      const metadata = readMetadata(request.headers.get("upload-metadata") ?? "");
      const state = await uploads.create({
        characterId: metadata.get("characterId") ?? metadata.get("character_id") ?? "",
        fileName: metadata.get("filename") ?? "unnamed",
        sizeBytes: readNumber(request, "upload-length"),
      });
      return answer(201, state, { location: `/api/uploads/${state.id}` });
    }, { ...takes({ raw: true }), detail: beginDetail })
    .head("/api/uploads/:id", ({ params, request }) => {
      assertVersion(request);
      const state = uploads.state(params.id);
      return answer(200, state, { "upload-length": String(state.sizeBytes) });
    }, { ...takes({ params: IdParams, raw: true }), detail: { summary: "How much has arrived", tags, parameters: [speaks], responses: { 200: { description: "See Upload-Offset" } } } })
    .patch("/api/uploads/:id", ({ params, request, server }) => append(params.id, request, server), {
      ...takes({ params: IdParams, raw: true }), detail: appendDetail,
    })
    .delete("/api/uploads/:id", ({ params, request }) => remove(params.id, request), {
      ...takes({ params: IdParams }), detail: { summary: "Give an upload up", tags, parameters: [speaks], ...empty("It is forgotten") },
    })
    // tus 1.0, "X-HTTP-Method-Override": for clients and proxies that know no PATCH and DELETE.
    .post("/api/uploads/:id", ({ params, request, server }) => {
      const method = (request.headers.get("x-http-method-override") ?? "").trim().toUpperCase();
      if (method === "PATCH") return append(params.id, request, server);
      if (method === "DELETE") return remove(params.id, request);
      throw new AppError("method_not_allowed", "An upload goes on with PATCH.", { fix: "Use PATCH or DELETE, or name one in the header X-HTTP-Method-Override." });
    }, { ...takes({ params: IdParams, raw: true }), detail: { hide: true } })
    .get("/api/uploads/:id/outcome", ({ params }) => uploads.outcome(params.id), {
      ...takes({ params: IdParams }), ...gives({ 200: UploadOutcome }), detail: { summary: "What became of a finished upload", tags },
    });
}

function answer(status: number, state: UploadState, headers: Record<string, string>): Response {
  return new Response(null, {
    status,
    headers: {
      "tus-resumable": version, "cache-control": "no-store", "upload-offset": String(state.offset),
      "upload-expires": state.expiresAt.toUTCString(), ...headers,
    },
  });
}

function assertVersion(request: Request): void {
  if (request.headers.get("tus-resumable") === version) return;
  throw new AppError("wrong_version", "The upload speaks another version of tus.", { why: `Isengard speaks tus ${version} (header Tus-Resumable).` });
}

/** The extension creation-with-upload is not offered; bytes that came with it would be lost. */
function assertNoBytes(request: Request): void {
  const length = request.headers.get("content-length");
  if ((length === null || length === "0") && request.headers.get("transfer-encoding") === null) return;
  throw new AppError("bad_request", "An upload begins without bytes.", {
    why: "The request has a body, and Isengard does not offer creation-with-upload.", fix: "Send the bytes with PATCH to the address in Location.",
  });
}

function readNumber(request: Request, header: string): number {
  const text = request.headers.get(header) ?? "";
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new AppError("bad_request", `The header ${header} is missing or not a number.`);
}

function readChecksum(header: string | null): Checksum | null {
  if (header === null) return null;
  const [name, base64 = ""] = header.trim().split(/\s+/, 2);
  const algorithm = checksumAlgorithms.find((known) => known === name);
  if (algorithm === undefined) throw new AppError("bad_request", "The checksum cannot be checked.", { why: `Known are ${checksumAlgorithms.join(" and ")}.` });
  return { algorithm, base64 };
}

/** `key base64, key base64`. Other keys than ours are allowed by the protocol, and say nothing here. */
function readMetadata(header: string): Map<string, string> {
  const pairs = header.slice(0, 4096).split(",").map((pair) => pair.trim().split(/\s+/, 2));
  return new Map(pairs.map(([key = "", value = ""]) => [key, utf8(Buffer.from(value, "base64"), `The upload's ${key.slice(0, 40)}`)]));
}
