import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../server/testing/folder.ts";
import { waitFor } from "../../../server/testing/wait.ts";
import { parseBinaryFrame } from "../protocol/events.ts";
import { readRecording, type RecordedLine } from "../fixtures/recording.ts";
import { isRecord, listOf, parseJson, recordOf, textOf } from "../protocol/json.ts";

// Real processes on a busy machine need more than the usual five seconds.
setDefaultTimeout(30_000);

const entry = join(import.meta.dir, "..", "..", "..", "server", "main.ts");
const folder = temporaryFolder();
let base = "";
let child: Bun.Subprocess;

beforeAll(async () => {
  for (const name of ["user", "input"]) mkdirSync(join(folder.path, name));
  const port = freePort();
  base = `127.0.0.1:${port}`;
  child = Bun.spawn([process.execPath, entry, "simulate", "comfyui", "--listen", "127.0.0.1", "--port", String(port),
    "--output-directory", join(folder.path, "output"), "--input-directory", join(folder.path, "input"),
    "--temp-directory", join(folder.path, "run"), "--user-directory", join(folder.path, "user"), "--preview-method", "latent2rgb"],
  { env: { ...process.env, ISENGARD_SIM_SPEED: "10" }, stdout: "ignore", stderr: "ignore" });
  await waitFor("the simulator answers", async () => fetch(`http://${base}/system_stats`).then((answer) => answer.ok, () => false));
});

afterAll(async () => {
  child.kill("SIGKILL");
  await child.exited;
  folder.remove();
});

function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
}

/** Kinds of values only, with maps by node or prompt reduced to one entry; what depends on the installation is left out. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return [...new Set(value.map((item) => JSON.stringify(shape(item))))].sort();
  if (!isRecord(value)) return value === null ? "null" : typeof value;
  const opaque = new Set(["input_config", "received_value", "current_inputs", "traceback", "inputs"]);
  const entries = Object.entries(value).map(([key, item]) => [/^\d+$|^[0-9a-f-]{36}$/.test(key) ? "#" : key, opaque.has(key) ? "…" : shape(item)] as const);
  return Object.fromEntries(entries.toSorted(([left], [right]) => left.localeCompare(right)));
}

interface Frame { readonly type: string; readonly data: unknown }

/** The order of events without what depends on timing: repeated ones count once, the table of progress not at all. */
function order(frames: readonly Frame[], without: readonly string[] = []): string[] {
  const names = frames.filter(({ type }) => type !== "progress_state" && !without.includes(type)).map(({ type, data }) =>
    type === "executing" && recordOf(data)["node"] === null ? "finished" : type === "preview" ? "progress" : type);
  return names.filter((name, index) => name !== names[index - 1]);
}

function shapes(frames: readonly Frame[]): Record<string, unknown> {
  const found: Record<string, Set<string>> = {};
  for (const { type, data } of frames) (found[type] ??= new Set()).add(JSON.stringify(shape(data)));
  return Object.fromEntries(Object.entries(found).map(([type, set]) => [type, [...set].sort()]));
}

function framesOf(lines: readonly RecordedLine[]): Frame[] {
  return lines.filter(({ kind }) => kind === "ws-in").map(({ json, bytes }) => bytes ? previewFrame(bytes) : { type: textOf(recordOf(json)["type"]), data: recordOf(json)["data"] });
}

function previewFrame(bytes: Uint8Array): Frame {
  const event = parseBinaryFrame(bytes);
  return { type: event.kind, data: { hasPromptId: event.kind === "preview" && event.promptId !== null } };
}

/** Sends what the recording sent, in the same order, and waits where the recording had waited. */
async function replay(lines: readonly RecordedLine[], graphOf: (graph: unknown) => unknown = (graph) => graph): Promise<{ frames: Frame[]; answers: unknown[] }> {
  const posted = lines.find(({ kind, path }) => kind === "http-out" && path === "/prompt");
  const frames: Frame[] = [];
  const socket = new WebSocket(`ws://${base}/ws?clientId=${textOf(recordOf(posted?.json)["client_id"])}`);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => socket.send(JSON.stringify(lines[0]?.json));
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (data instanceof ArrayBuffer) frames.push(previewFrame(new Uint8Array(data)));
    else frames.push({ type: textOf(recordOf(parseJson(String(data)))["type"]), data: recordOf(parseJson(String(data)))["data"] });
  };
  await waitFor("both sides have introduced themselves", () => frames.length >= 2);
  const answers: unknown[] = [];
  const deleted = new Set<string>();
  for (const line of lines.filter(({ kind }) => kind === "http-out")) {
    for (const id of listOf(recordOf(line.json)["delete"])) deleted.add(String(id));
    const asked = line.path.split("/history/")[1];
    if (asked && !deleted.has(asked)) await waitFor("the prompt is over", () => frames.some(({ type, data }) => isEnd(type, data, asked)));
    if (line.path === "/interrupt") await waitFor("three nodes have begun", () => frames.filter(({ type }) => type === "executing").length >= 3);
    const body = line.path === "/prompt" ? { ...recordOf(line.json), prompt: graphOf(recordOf(line.json)["prompt"]) } : line.json;
    const response = await fetch(`http://${base}${line.path}`, line.method === "POST" ? { method: "POST", body: JSON.stringify(body) } : {});
    const text = await response.text();
    answers.push([response.status, shape(text === "" ? "" : JSON.parse(text))]);
  }
  socket.close();
  return { frames, answers };
}

function isEnd(type: string, data: unknown, promptId: string): boolean {
  return type === "executing" && recordOf(data)["node"] === null && recordOf(data)["prompt_id"] === promptId;
}

function answersOf(lines: readonly RecordedLine[]): unknown[] {
  return lines.filter(({ kind }) => kind === "http-in").map(({ status, json }) => [status, shape(json)]);
}

describe("the simulator behaves like the recorded ComfyUI 0.33.0", () => {
  test.each(["save-then-cached", "interrupted", "refused-and-partly-refused", "progress-inside-a-node", "fails-while-running"])("%s", async (name) => {
    const recorded = readRecording("0.33.0", name);
    const { frames, answers } = await replay(recorded);
    const real = framesOf(recorded);
    // One status more or less can fall between two requests, so their order is compared only where nothing overlaps.
    expect(order(frames, ["status"])).toEqual(order(real, ["status"]));
    expect(shapes(frames)).toEqual(shapes(real));
    expect(answers).toEqual(answersOf(recorded));
  });

  test("status messages come in the same places", async () => {
    const recorded = readRecording("0.33.0", "save-then-cached");
    const fresh = (graph: unknown) => JSON.parse(JSON.stringify(graph).replaceAll("67440", "67999")) as unknown;
    const { frames } = await replay(recorded, fresh);
    expect(order(frames)).toEqual(order(framesOf(recorded)));
  });

  test("queue-of-three-one-deleted", async () => {
    const recorded = readRecording("0.33.0", "queue-of-three-one-deleted");
    const { frames, answers } = await replay(recorded);
    expect(order(frames, ["status"])).toEqual(order(framesOf(recorded), ["status"]));
    expect(answers.map((answer) => listOf(answer)[0])).toEqual(answersOf(recorded).map((answer) => listOf(answer)[0]));
    expect(answers.at(-1)).toEqual([200, {}]);
  });

  test("flux with previews: steps come as table, preview, progress", async () => {
    const recorded = readRecording("0.33.0", "flux-with-lora-and-previews");
    const { frames } = await replay(recorded, withSimulatedFiles);
    expect(order(frames, ["status"])).toEqual(order(framesOf(recorded), ["status"]));
    expect(shapes(frames)).toEqual(shapes(framesOf(recorded)));
  });
});

/** The tiny models of the recording are not in the simulator; its LoRA is left out, since that needs a file on the disk. */
function withSimulatedFiles(graph: unknown): unknown {
  const nodes = JSON.parse(JSON.stringify(graph).replaceAll("tiny_flux_dev", "flux1-dev").replaceAll("tiny_clip_l", "clip_l").replaceAll("tiny_ae", "ae")
    .replaceAll("[\"15\",0]", "[\"1\",0]")) as Record<string, unknown>;
  delete nodes["15"];
  return nodes;
}

describe("routes", () => {
  test("the origin rule is ComfyUI's", async () => {
    const ask = async (headers: Record<string, string>) => (await fetch(`http://${base}/system_stats`, { headers })).status;
    expect(await ask({ origin: "http://evil.example" })).toBe(403);
    expect(await ask({ origin: `http://${base}` })).toBe(200);
    expect(await ask({ origin: "null" })).toBe(200);
    expect(await ask({ "sec-fetch-site": "cross-site" })).toBe(403);
  });

  test("a prompt id that is no lowercase UUID is refused", async () => {
    const answer = await fetch(`http://${base}/prompt`, { method: "POST", body: JSON.stringify({ prompt: {}, prompt_id: "ABC" }) });
    expect([answer.status, recordOf(recordOf(await answer.json())["error"])["type"]]).toEqual([400, "invalid_prompt_id"]);
  });

  test("a body that is no JSON gets a page and not JSON", async () => {
    const answer = await fetch(`http://${base}/prompt`, { method: "POST", body: "{" });
    expect([answer.status, (await answer.text()).slice(0, 3)]).toEqual([500, "500"]);
  });

  test("view refuses traversal and unknown files", async () => {
    const ask = async (query: string) => (await fetch(`http://${base}/view?${query}`)).status;
    expect(await ask("filename=../x.png")).toBe(400);
    expect(await ask("filename=x.png&subfolder=..%2F..")).toBe(403);
    expect(await ask("filename=nothing.png")).toBe(404);
  });

  test("an unknown class is an empty answer and a legacy folder key is not found", async () => {
    expect(await (await fetch(`http://${base}/object_info/NoSuchNode`)).json()).toEqual({});
    expect((await fetch(`http://${base}/models/unet`)).status).toBe(404);
    expect((await fetch(`http://${base}/api/jobs/unknown`)).status).toBe(404);
  });
});
