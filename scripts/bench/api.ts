import { startExecutable, type Started } from "../testing/executable.ts";
import { drawPicture } from "../../server/testing/pictures.ts";
import type { Character } from "../../server/contract/character.ts";
import type { Job } from "../../server/contract/job.ts";
import { type Measure, median } from "./report.ts";
import { rssMb } from "./start.ts";

const connections = 32;
const seconds = 4;

/** `/api/characters` with 50 rows and the gate on, asked over kept-alive connections from this process. */
export async function benchCharacters(): Promise<Measure[]> {
  const server = await startExecutable();
  for (let n = 0; n < 50; n++) await newCharacter(server, `Person ${n}`);
  const rates: number[] = [];
  for (let round = 0; round < 3; round++) rates.push(await requestsPerSecond(server, "/api/characters"));
  const health = await requestsPerSecond(server, "/health");
  await server.dispose();
  return [{
    name: "/api/characters, 50 rows, gate on (median of 3)", value: median(rates), unit: "req/s",
    goal: { kind: "at least", value: 5000 }, beside: `/health in the same run ${health.toFixed(0)} req/s; load generator on the same 2 cores`,
  }];
}

async function requestsPerSecond(server: Started, path: string): Promise<number> {
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${server.token}\r\n\r\n`;
  let answered = 0;
  const until = performance.now() + seconds * 1000;
  const one = () => new Promise<void>((resolve, reject) => {
    let missing = -1;
    let head = "";
    void Bun.connect({ hostname: "127.0.0.1", port: Number(new URL(server.url).port), socket: {
      open: (socket) => void socket.write(request),
      data(socket, bytes) {
        let rest: Buffer = bytes;
        if (missing < 0) {
          head += rest.toString("latin1");
          const end = head.indexOf("\r\n\r\n");
          if (end < 0) return;
          if (!head.startsWith("HTTP/1.1 200")) return reject(new Error(head.slice(0, 200)));
          missing = Number(/content-length: (\d+)/i.exec(head)![1]) - (head.length - end - 4);
          head = "";
          rest = Buffer.alloc(0);
        }
        missing -= rest.length;
        if (missing > 0) return;
        answered++;
        missing = -1;
        if (performance.now() < until) socket.write(request);
        else socket.end();
      },
      close: () => resolve(),
      error: (_socket, error) => reject(error),
    } });
  });
  const started = performance.now();
  await Promise.all(Array.from({ length: connections }, one));
  return answered / ((performance.now() - started) / 1000);
}

/** 100 files of 10 MB each through the resumable upload, four at a time. */
export async function benchUpload(): Promise<Measure[]> {
  const server = await startExecutable();
  const character = await newCharacter(server, "Upload");
  const base = await drawPicture({ width: 5600, height: 3800, seed: 1, format: "jpeg", noise: true });
  const before = rssMb(server.pid);
  const started = performance.now();
  const queue = Array.from({ length: 100 }, (_, n) => n);
  const worker = async () => {
    for (let n = queue.shift(); n !== undefined; n = queue.shift()) await uploadOne(server, character.id, numbered(base, n), `photo-${n}.jpg`);
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  const elapsed = (performance.now() - started) / 1000;
  const peak = rssMb(server.pid, "VmHWM");
  const { count } = await server.json<{ count: number }>(`/api/characters/${character.id}/images`);
  await server.dispose();
  if (count !== 100) throw new Error(`only ${count} of 100 photos arrived`);
  return [{
    name: "upload of 100 files of about 10 MB: peak memory", value: peak, unit: "MB", goal: { kind: "at most", value: 100 },
    beside: `${before.toFixed(0)} MB before; ${((base.length * 100) / 1e6 / elapsed).toFixed(0)} MB/s`,
  }];
}

async function uploadOne(server: Started, characterId: string, bytes: Uint8Array, name: string): Promise<void> {
  const metadata = `filename ${btoa(name)},characterId ${btoa(characterId)}`;
  const made = await server.api("/api/uploads", { method: "POST", headers: { "Tus-Resumable": "1.0.0", "Upload-Length": String(bytes.length), "Upload-Metadata": metadata } });
  const location = made.headers.get("location")!;
  const sent = await server.api(new URL(location, server.url).pathname, {
    method: "PATCH", body: bytes as BodyInit,
    headers: { "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream" },
  });
  if (sent.status !== 204) throw new Error(`upload of ${name}: ${sent.status} ${await sent.text()}`);
}

/** A JPEG whose Adobe segment (it says YCbCr) holds a number in its flags, so that each is a photo of its own and stays as it came. */
function numbered(jpeg: Uint8Array, number: number): Uint8Array {
  const segment = Buffer.from("\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\x01", "latin1");
  segment.writeUInt16BE(number, 11);
  return Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]);
}

/** Time of one tiny generation through the server, minus the same prompt sent to the simulator directly. */
export async function benchGeneration(): Promise<Measure[]> {
  const server = await startExecutable({ flags: ["--mode", "fast-test", "--simulate-speed", "100"] });
  await generate(server, 1);
  const through: number[] = [];
  const tool: number[] = [];
  for (let seed = 2; seed < 12; seed++) {
    const { totalMs, toolMs } = await generate(server, seed);
    through.push(totalMs);
    tool.push(toolMs);
  }
  await server.dispose();
  return [{
    name: "latency that Isengard adds to a generation (median of 10)", value: median(through.map((total, n) => total - tool[n]!)), unit: "ms",
    goal: { kind: "at most", value: 50 }, beside: `whole job ${median(through).toFixed(0)} ms, the tool itself ${median(tool).toFixed(0)} ms`,
  }];
}

async function generate(server: Started, seed: number): Promise<{ totalMs: number; toolMs: number }> {
  const started = performance.now();
  const job = await server.json<Job>("/api/generation", {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ prompt: "a test", model: "flux-schnell", width: 256, height: 256, count: 1, seed }),
  });
  for (;;) {
    const now = await server.json<Job>(`/api/generation/${job.id}`);
    if (now.state === "succeeded") break;
    if (now.state === "failed" || performance.now() - started > 30_000) throw new Error(`generation ended as ${now.state}`);
    await Bun.sleep(2);
  }
  const totalMs = performance.now() - started;
  return { totalMs, toolMs: await runDirectly(server, seed) };
}

/** The graph of the job that just ended, sent once more by hand with another seed. */
async function runDirectly(server: Started, seed: number): Promise<number> {
  const status = await server.json<{ services: Array<{ name: string; port: number | null }> }>("/api/status");
  const base = `http://127.0.0.1:${status.services.find((service) => service.name === "comfyui")!.port}`;
  const history = (await (await fetch(`${base}/history?max_items=1`)).json()) as Record<string, { prompt: [number, string, Record<string, { inputs: Record<string, unknown> }>] }>;
  const graph = structuredClone(Object.values(history)[0]!.prompt[2]);
  for (const node of Object.values(graph)) for (const key of ["seed", "noise_seed"]) if (key in node.inputs) node.inputs[key] = seed + 1_000_000;
  const id = crypto.randomUUID();
  const started = performance.now();
  await fetch(`${base}/prompt`, { method: "POST", body: JSON.stringify({ prompt: graph, prompt_id: id, client_id: crypto.randomUUID() }) });
  for (;;) {
    const entry = (await (await fetch(`${base}/history/${id}`)).json()) as Record<string, unknown>;
    if (id in entry) return performance.now() - started;
    await Bun.sleep(2);
  }
}

async function newCharacter(server: Started, name: string): Promise<Character> {
  return server.json<Character>("/api/characters", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name }) });
}
