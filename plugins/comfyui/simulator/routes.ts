import { join, normalize, sep } from "node:path";
import { isRecord, parseJson, recordOf, textOf, textsOf } from "../protocol/json.ts";
import { pictureType } from "../protocol/events.ts";
import type { Surroundings } from "./executor.ts";
import { jobsRoute } from "./jobs-routes.ts";
import type { PromptQueue } from "./queue.ts";
import { serverFeatures } from "./sockets.ts";
import { plainError, validatePrompt } from "./validate.ts";

export interface SimulatedServer extends Surroundings {
  readonly queue: PromptQueue;
  readonly argv: readonly string[];
  nextNumber(): number;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const gigabyte = 1024 ** 3;

/** Every route with and without `/api`; the socket is handled before. */
export async function answer(server: SimulatedServer, request: Request): Promise<Response> {
  const url = new URL(request.url);
  const path = decodeURI(url.pathname).replace(/^\/api(?=\/(?!jobs))/, "");
  if (path.startsWith("/api/jobs")) return jobsRoute(server.queue, request, path);
  const found = request.method === "GET" ? get(server, path, url.searchParams) : await post(server, path, request);
  return (await found) ?? new Response("404: Not Found", { status: 404 });
}

function get(server: SimulatedServer, path: string, query: URLSearchParams): Promise<Response> | Response | null {
  const { folders, queue, log } = server;
  const [, first = "", ...rest] = path.split("/");
  const tail = rest.join("/");
  switch (first) {
    case "system_stats": return Response.json(systemStats(server.argv));
    case "features": return Response.json({ ...serverFeatures, max_upload_size: server.args.maxUploadBytes });
    case "object_info": return Response.json(tail ? withoutNull({ [tail]: folders.describe(tail) }) : folders.classes());
    case "embeddings": return Response.json([]);
    case "models": return tail ? listModels(folders.files(tail)) : Response.json(folders.keys);
    case "experiment": return rest[0] === "models" ? modelSizes(folders.files(rest[1] ?? "")) : null;
    case "prompt": return Response.json({ exec_info: { queue_remaining: queue.remaining } });
    case "queue": return Response.json(queue.list());
    case "history":
      return Response.json(tail ? withoutNull({ [tail]: queue.entry(tail) ?? null }) : queue.history(numberIn(query, "max_items")));
    case "view": return view(server, query);
    case "internal":
      if (tail === "logs/raw") return Response.json({ entries: log.entries, size: { cols: 0, rows: 0 } });
      return tail === "logs" ? Response.json(log.entries.map(({ t, m }) => `${t} - ${m}`).join("")) : null;
    case "": return new Response("<!doctype html><title>ComfyUI (simulated)</title>", { headers: { "content-type": "text/html" } });
    default: return null;
  }
}

async function post(server: SimulatedServer, path: string, request: Request): Promise<Response | null> {
  if (request.method !== "POST") return null;
  if (path === "/upload/image") return upload(server, request);
  const text = await request.text();
  const body = text === "" && path === "/interrupt" ? {} : parseJson(text);
  if (body === null) return new Response("500 Internal Server Error\n\nServer got itself in trouble", { status: 500 });
  const fields = recordOf(body);
  const { queue } = server;
  switch (path) {
    case "/prompt": return prompt(server, body);
    case "/queue":
      if (fields["clear"] === true) queue.clear();
      queue.remove(textsOf(fields["delete"]));
      return new Response(null);
    case "/interrupt":
      queue.interrupt(textOf(fields["prompt_id"]) || null);
      return new Response(null);
    case "/free":
      if (fields["free_memory"] === true) queue.forgetResults();
      return new Response(null);
    case "/history":
      if (fields["clear"] === true) queue.forget(null);
      queue.forget(textsOf(fields["delete"]));
      return new Response(null);
    default: return null;
  }
}

function prompt(server: SimulatedServer, body: unknown): Response {
  server.log.line("INFO", "got prompt");
  const refuse = (error: unknown, nodeErrors: unknown = {}) => {
    server.log.line("WARNING", `invalid prompt: ${JSON.stringify(error)}`);
    return Response.json({ error, node_errors: nodeErrors }, { status: 400 });
  };
  if (!isRecord(body) || !("prompt" in body)) {
    return refuse({ ...plainError("no_prompt", "No prompt provided"), details: "No prompt provided" });
  }
  const id = body["prompt_id"] === undefined ? crypto.randomUUID() : String(body["prompt_id"]);
  if (!uuid.test(id)) return refuse(plainError("invalid_prompt_id", "prompt_id must be a lowercase UUID"));
  const counted = server.nextNumber();
  const number = typeof body["number"] === "number" ? body["number"] : body["front"] === true ? -counted : counted;
  const checked = validatePrompt(body["prompt"], server.folders);
  if (!checked.ok) return refuse(checked.error, checked.nodeErrors);
  const clientId = body["client_id"];
  server.queue.put({
    number, id, graph: checked.graph, outputs: checked.outputs,
    extraData: { ...recordOf(body["extra_data"]), ...(clientId === undefined ? {} : { client_id: clientId }), create_time: Date.now() },
  });
  return Response.json({ prompt_id: id, number, node_errors: checked.nodeErrors });
}

async function upload(server: SimulatedServer, request: Request): Promise<Response> {
  if (Number(request.headers.get("content-length")) > server.args.maxUploadBytes) return new Response(null, { status: 413 });
  const form = await request.formData();
  const file = form.get("image");
  const subfolder = String(form.get("subfolder") ?? "");
  if (!(file instanceof File) || !file.name) return new Response(null, { status: 400 });
  const folder = normalize(join(server.args.inputDir, subfolder));
  if (!(folder + sep).startsWith(server.args.inputDir + sep) || file.name.includes("..")) return new Response(null, { status: 400 });
  await Bun.write(join(folder, file.name), await file.arrayBuffer());
  return Response.json({ name: file.name, subfolder, type: "input" });
}

async function view({ args }: SimulatedServer, query: URLSearchParams): Promise<Response> {
  const name = query.get("filename") ?? "";
  const root = { output: args.outputDir, input: args.inputDir, temp: args.tempDir }[query.get("type") ?? "output"];
  if (!root || !name || name.startsWith("/") || name.includes("..")) return new Response(null, { status: 400 });
  const folder = normalize(join(root, query.get("subfolder") ?? ""));
  if (!(folder + sep).startsWith(root + sep)) return new Response(null, { status: 403 });
  const file = Bun.file(join(folder, name));
  if (!(await file.exists())) return new Response(null, { status: 404 });
  const bytes = new Uint8Array(await file.arrayBuffer());
  const type = pictureType(bytes) ?? "application/octet-stream";
  return new Response(bytes, { headers: { "content-type": type, "content-disposition": `filename="${name}"` } });
}

function listModels(files: string[] | null): Response {
  return files ? Response.json(files) : new Response("404: Not Found", { status: 404 });
}

/** Sizes of FLUX.1 in 8 and in 16 bits. */
function modelSizes(files: string[] | null): Response | null {
  if (files === null) return null;
  return Response.json(files.map((name) => ({ name, pathIndex: 0, modified: 0, created: 0, size: name.includes("fp8") ? 11.9e9 : 23.8e9 })));
}

function withoutNull(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));
}

function numberIn(query: URLSearchParams, name: string): number | null {
  const value = Number.parseInt(query.get(name) ?? "", 10);
  return Number.isFinite(value) ? value : null;
}

function systemStats(argv: readonly string[]): unknown {
  const memory = { vram_total: 24 * gigabyte, vram_free: 20 * gigabyte, torch_vram_total: 2 * gigabyte, torch_vram_free: gigabyte };
  return {
    system: {
      os: "linux", ram_total: 64 * gigabyte, ram_free: 48 * gigabyte, comfyui_version: "0.33.0", required_frontend_version: "1.49.6",
      installed_templates_version: null, required_templates_version: "0.11.44", comfy_package_versions: [],
      python_version: "3.12.0 (simulated)", pytorch_version: "2.13.0+cu130", embedded_python: false, deploy_environment: "local-git",
      argv: ["main.py", ...argv],
    },
    devices: [{ name: "cuda:0 NVIDIA GeForce RTX 4090 (simulated)", type: "cuda", index: 0, ...memory }],
  };
}
