import { readFileSync } from "node:fs";
import type { Started } from "../testing/executable.ts";
import { atMost, type Finding, found } from "./report.ts";
import { allWork, longestHold } from "./held.ts";
import { head, RawSocket } from "./socket.ts";

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
    const held = await longestHold(server, async () => void (sentBytes = await socket.flood(piece, endlessBytes, 5000)));
    const answers = path === "/health" ? [200] : [401, 413];
    findings.push(found(`a body ${name}: answer`, String(socket.status), answers.join(" or "), answers.includes(socket.status)));
    findings.push(atMost(`a body ${name}: taken before the connection ended`, sentBytes / 1e6, takenMb, "MB"));
    findings.push(atMost(`a body ${name}: event loop held meanwhile`, held, 50, "ms"));
    socket.end();
  }
  findings.push(atMost("memory after these", rssMb(server.pid) - before, 60, "MB more"));
  findings.push(...await attackLoop(server));
  return findings;
}

/** The largest bodies that are accepted, of the kinds that are dear to read: what one of them holds the event loop for. */
async function attackLoop(server: Started): Promise<Finding[]> {
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
    findings.push(await allWork(server, `256 kB, ${name}`, async () => {
      const answer = await server.api("/api/characters", { method: "POST", body, headers: { "content-type": "application/json" } });
      await answer.text();
      if (answer.status < 400 || answer.status >= 500) findings.push(found(`256 kB, ${name}: answer`, String(answer.status), "4xx", false));
    }));
  }
  return findings;
}
