import { readFileSync } from "node:fs";
import type { Started } from "../testing/executable.ts";
import { atMost, type Finding, found } from "./report.ts";
import { head, RawSocket, slowestHealth } from "./socket.ts";

const write = ["X-Isengard: 1", "Content-Type: application/json"];
/** What a client may send in all: a megabyte that is read and forgotten, and the buffers of the system (4 MB to send, 6 MB received). */
const takenMb = 12;
const endlessBytes = 200_000_000;
const piece = Buffer.from(`10000\r\n${"[0],".repeat(16384)}\r\n`);
const rssMb = (pid: number) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1000;

/** Bodies that say nothing of their length, or nothing at all, without and with a login. */
export async function attackBodies(server: Started): Promise<Finding[]> {
  const { url, token } = server;
  const { host } = new URL(url);
  const before = rssMb(server.pid);
  const bearer = `Authorization: Bearer ${token}`;
  const findings: Finding[] = [];
  for (const [name, method, path, lines] of [
    ["without a length, no login", "POST", "/api/session", write],
    ["without a length, logged in", "POST", "/api/characters", [...write, bearer]],
    ["without a length, refused", "POST", "/api/characters", write],
    ["that nobody reads", "GET", "/health", write],
  ] as const) {
    const socket = (await RawSocket.open(url))!;
    socket.send(head(method, path, host, ...lines, "Transfer-Encoding: chunked"));
    let sentBytes = 0;
    const slowest = await slowestHealth(url, async () => void (sentBytes = await socket.flood(piece, endlessBytes, 5000)));
    const answers = path === "/health" ? [200] : [401, 413];
    findings.push(found(`a body ${name}: answer`, String(socket.status), answers.join(" or "), answers.includes(socket.status)));
    findings.push(atMost(`a body ${name}: taken before the connection ended`, sentBytes / 1e6, takenMb, "MB"));
    findings.push(atMost(`a body ${name}: slowest /health meanwhile`, slowest, 250, "ms"));
    socket.end();
  }
  findings.push(atMost("memory after these", rssMb(server.pid) - before, 60, "MB more"));
  findings.push(...await attackLoop(server));
  return findings;
}

/** The largest bodies that are accepted, of the kinds that are dear to read: what one of them holds the event loop for. */
async function attackLoop({ url, token }: Started): Promise<Finding[]> {
  const size = 255 * 1024;
  const bodies: ReadonlyArray<readonly [name: string, text: string]> = [
    ["a list of lists", `{"name":[${"[0],".repeat(size / 4 - 10)}0]}`],
    ["many names", `{${Array.from({ length: 17_000 }, (_, index) => `"name${index}":1`).join(",")}}`],
    ["deep nesting", "[".repeat(size)],
    ["one long text", JSON.stringify({ name: "é\u202e".repeat(size / 5) })],
    ["many escapes", `{"name":"${"\\u0041".repeat(size / 6 - 10)}"}`],
  ];
  const findings: Finding[] = [];
  for (const [name, body] of bodies) {
    const times: number[] = [];
    for (let round = 0; round < 8; round++) {
      const start = performance.now();
      const answer = await fetch(`${url}/api/characters`, { method: "POST", body, headers: { authorization: `Bearer ${token}`, "content-type": "application/json" } });
      await answer.text();
      times.push(performance.now() - start);
      if (answer.status < 400 || answer.status >= 500) findings.push(found(`256 kB, ${name}: answer`, String(answer.status), "4xx", false));
    }
    findings.push(atMost(`256 kB, ${name}: whole request (best of 8)`, Math.min(...times), 50, "ms"));
  }
  return findings;
}

/** Half a body, and a body that drips: how long each may hold its connection. */
export async function attackSlowness(server: Started): Promise<Finding[]> {
  const { url, token } = server;
  const { host } = new URL(url);
  const half = async (path: string, ...lines: string[]) => {
    const socket = (await RawSocket.open(url))!;
    socket.send(`${head(path === "/health" ? "GET" : "POST", path, host, ...lines, "Content-Length: 1000")}{"a`);
    return socket;
  };
  const dripping = async (path: string, ...lines: string[]) => {
    const socket = await half(path, ...lines);
    const timer = setInterval(() => socket.send("x"), 500);
    return { seconds: socket.untilClosed(60).finally(() => clearInterval(timer)) };
  };
  const bearer = `Authorization: Bearer ${token}`;
  const [open, drip, refused, dripRefused, dripUnread, headers] = await Promise.all([
    half("/api/session", ...write).then((socket) => socket.untilClosed(60)),
    dripping("/api/session", ...write).then(({ seconds }) => seconds),
    half("/api/characters", ...write).then((socket) => socket.untilClosed(60)),
    dripping("/api/characters", ...write).then(({ seconds }) => seconds),
    dripping("/health").then(({ seconds }) => seconds),
    RawSocket.open(url).then((socket) => (socket!.send("GET / HTTP/1.1\r\nHo"), socket!.untilClosed(90))),
  ]);
  const moving = await slowButMoving(server, bearer);
  return [
    atMost("half a body before login: held", open, 20, "s"),
    atMost("a body of two bytes a second before login: held", drip, 20, "s"),
    atMost("half a body of a refused request: held", refused, 20, "s"),
    atMost("a body of two bytes a second of a refused request: held", dripRefused, 20, "s"),
    atMost("a body of two bytes a second that nobody reads: held", dripUnread, 20, "s"),
    atMost("half a header: held", headers, 30, "s"),
    moving,
  ];
}

/** 12 s for one chunk, but it moves all the time: it has to arrive. */
async function slowButMoving({ url, json }: Started, bearer: string): Promise<Finding> {
  const { host } = new URL(url);
  const { id } = await json<{ id: string }>("/api/characters", { method: "POST", headers: { "content-type": "application/json" }, body: '{"name":"Slow"}' });
  const [pieceBytes, pieces] = [2_000, 24];
  const metadata = `characterId ${Buffer.from(id).toString("base64")},filename ${Buffer.from("slow.jpg").toString("base64")}`;
  const begun = await fetch(`${url}/api/uploads`, {
    method: "POST", headers: { authorization: bearer.slice("Authorization: ".length), "tus-resumable": "1.0.0", "upload-length": String(pieceBytes * pieces + 1), "upload-metadata": metadata },
  });
  const socket = (await RawSocket.open(url))!;
  socket.send(head("PATCH", begun.headers.get("location")!, host, bearer, "Tus-Resumable: 1.0.0", "Upload-Offset: 0", "Content-Type: application/offset+octet-stream", `Content-Length: ${pieceBytes * pieces}`));
  for (let piece = 0; piece < pieces && !socket.closed; piece++) {
    await Bun.sleep(500);
    socket.send(new Uint8Array(pieceBytes));
  }
  await socket.untilAnswered(10);
  const { status } = socket;
  socket.end();
  return found("4 kB a second of an upload, for 12 s", `status ${status}`, "204", status === 204);
}
