import { pngChunk } from "../../server/pictures/strip-png.ts";
import { drawPicture } from "../../server/testing/pictures.ts";
import type { Started } from "../testing/executable.ts";
import { found, type Finding } from "./report.ts";
import { allWork, longestTurn } from "./held.ts";
import { startWithManyRows } from "./many-rows.ts";

type Server = Awaited<ReturnType<typeof startWithManyRows>>;

/** Just below the 64 megapixels that are accepted. */
const [width, height] = [8192, 7568];
const chunkBytes = 32 * 1024 * 1024;

/** The largest of each kind of request that is accepted, one at a time: how long it holds the event loop of the server. */
export async function attackWithLarge(): Promise<Finding[]> {
  const server = await startWithManyRows();
  try {
    return [...await attackLists(server), ...await attackUploads(server), ...await attackPictures(server)];
  } finally {
    await server.dispose();
  }
}

async function attackLists(server: Server): Promise<Finding[]> {
  const search = "a".repeat(199);
  // The list of people is kept as a text until one changes.
  const changeAndList = async () => {
    await send(server, "PATCH", `/api/characters/${server.characterId}`, JSON.stringify({ description: `${Math.random()}` }));
    return server.api("/api/characters");
  };
  const findings = [await asking(allWork, server, "GET /api/characters after a change, 3,000 rows of each kind", changeAndList)];
  for (const path of [
    `/api/characters/${server.characterId}/images`, "/api/jobs?limit=500&state=all", "/api/training?limit=500", "/api/generation?limit=500",
    "/api/loras", "/api/outputs?limit=200", "/api/logs/view?limit=1000&offset=50000", `/api/trigger-check?name=${search}`, "/api/openapi.json", "/api/status",
  ]) {
    findings.push(await asking(allWork, server, `GET ${path.replace(server.characterId, "…").slice(0, 40)}, 3,000 rows of each kind`, () => server.api(path)));
  }
  for (const [name, text] of [["that is nowhere", `${search}c`], ["that is everywhere", "aaab"]] as const) {
    findings.push(await asking(longestTurn, server, `a search in 16 MB of log for a text ${name}`, () => server.api(`/api/logs/view?limit=1000&text=${text}`)));
  }
  const entries = Array.from({ length: 50 }, () => ({ level: "info", message: "m".repeat(4000), context: Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`name${index}`, "\u202e".repeat(5)])) }));
  findings.push(await asking(allWork, server, "512 kB of client logs", () => send(server, "POST", "/api/client-logs", JSON.stringify({ entries }))));
  return findings;
}

type Measure = typeof allWork;

/** An answer that is not the expected one would have cost nothing, and is a finding of its own. */
async function asking(measure: Measure, server: Server, name: string, ask: () => Promise<Response>, isExpected = (_text: string) => true): Promise<Finding> {
  let wrong = "";
  const finding = await measure(server, name, async () => {
    const answer = await ask();
    const text = await answer.text();
    if (!answer.ok || !isExpected(text)) wrong = `${answer.status} ${text.slice(0, 100)}`;
  });
  return wrong === "" ? finding : found(`${name}: answer`, wrong, "accepted", false);
}

function send(server: Started, method: string, path: string, body: string): Promise<Response> {
  return server.api(path, { method, body, headers: { "content-type": "application/json" } });
}

async function attackUploads(server: Server): Promise<Finding[]> {
  const { id } = await server.json<{ id: string }>("/api/characters", { method: "POST", headers: { "content-type": "application/json" }, body: '{"name":"Many"}' });
  let seed = 1;
  const form = async () => {
    const pictures = await Promise.all(Array.from({ length: 100 }, () => drawPicture({ width: 640, height: 640, seed: seed++, format: "jpeg" })));
    const data = new FormData();
    for (const [index, bytes] of pictures.entries()) data.append("files", new File([bytes as BlobPart], `${index}.jpg`));
    return data;
  };
  const data = await form();
  return [
    await asking(longestTurn, server, "a form of 100 photos", () => server.api(`/api/characters/${id}/images`, { method: "POST", body: data }), (text) => addedPhotos(text) === 100),
    await asking(longestTurn, server, "an upload's chunk of 32 MiB", () => chunk(server, id, {})),
    await asking(longestTurn, server, "an upload's chunk of 32 MiB with its checksum", () => {
      const digest = new Bun.CryptoHasher("sha1").update(new Uint8Array(chunkBytes)).digest("base64");
      return chunk(server, id, { "upload-checksum": `sha1 ${digest}` });
    }),
  ];
}

const addedPhotos = (text: string) => (JSON.parse(text) as { uploaded: unknown[] }).uploaded.length;

async function chunk(server: Server, characterId: string, headers: Record<string, string>): Promise<Response> {
  const metadata = `characterId ${btoa(characterId)},filename ${btoa("large.jpg")}`;
  const begun = await server.api("/api/uploads", { method: "POST", headers: { "tus-resumable": "1.0.0", "upload-length": String(chunkBytes + 1), "upload-metadata": metadata } });
  return server.api(begun.headers.get("location")!, {
    method: "PATCH", body: new Uint8Array(chunkBytes),
    headers: { "tus-resumable": "1.0.0", "upload-offset": "0", "content-type": "application/offset+octet-stream", ...headers },
  });
}

/** Each is decoded whole; the last two are also written anew, a pixel at a time. */
async function attackPictures(server: Server): Promise<Finding[]> {
  const small = await drawPicture({ width: 256, height: 256, seed: 3, format: "png" });
  const large = () => new Bun.Image(small).resize(width, height, { filter: "bilinear" });
  const png = await large().png({ compressionLevel: 1 }).bytes();
  const pictures: ReadonlyArray<readonly [name: string, bytes: () => Promise<Uint8Array>]> = [
    ["a progressive JPEG", () => large().jpeg({ quality: 85, progressive: true }).bytes()],
    ["a PNG", async () => png],
    ["a WebP", () => large().webp({ quality: 60 }).bytes()],
    ["a PNG with a gamma of its own", async () => withChunk(png, pngChunk("gAMA", Uint8Array.of(0, 0, 100, 0)))],
  ];
  const findings: Finding[] = [];
  for (const [name, draw] of pictures) {
    const bytes = await draw();
    const { id } = await server.json<{ id: string }>("/api/characters", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name }) });
    const data = new FormData();
    data.append("files", new File([bytes as BlobPart], "large"));
    findings.push(await asking(longestTurn, server, `${name} of 62 megapixels`, () => server.api(`/api/characters/${id}/images`, { method: "POST", body: data }), (text) => addedPhotos(text) === 1));
  }
  return findings;
}

/** Behind the header. */
function withChunk(png: Uint8Array, chunk: Uint8Array): Uint8Array {
  return Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]);
}
