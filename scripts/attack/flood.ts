import type { Started } from "../testing/executable.ts";
import { atMost, type Finding, found } from "./report.ts";
import { head, RawSocket } from "./socket.ts";

const connections = 150;
const limitSeconds = 45;

const write = ["X-Isengard: 1", "Content-Type: application/json", "Content-Length: 100"];

/** More connections than the server has descriptors: how long it is out of reach, and whether it comes back. */
export async function attackDescriptors(server: Started): Promise<Finding[]> {
  const { host } = new URL(server.url);
  return [
    ...await flood(server, "half bodies of a login", `${head("POST", "/api/session", host, ...write)}{`, 5),
    ...await flood(server, "half bodies that are refused", `${head("POST", "/api/characters", host, ...write)}{`, 5),
    // Before its headers are whole nobody but the runtime sees a connection. It ends each after 10 to 12 s, whatever still drips
    // (`attackSlowness`); those that wait in the system's queue take a second round. Who opens new ones all the time takes all
    // descriptors for as long: nothing in a server can prevent it.
    ...await flood(server, "half headers", "POST /api/session HTTP/1.1\r\nHo", 40),
  ];
}

async function flood(server: Started, name: string, half: string, mostSeconds: number): Promise<Finding[]> {
  const sockets: RawSocket[] = [];
  for (let index = 0; index < connections; index++) {
    const socket = await Promise.race([RawSocket.open(server.url), Bun.sleep(500).then(() => null)]);
    if (socket === null) continue;
    socket.send(half);
    sockets.push(socket);
  }
  const start = performance.now();
  let seconds = limitSeconds;
  while (performance.now() - start < limitSeconds * 1000) {
    const answer = await askAnew(server, 1000);
    if (answer?.ok === true) {
      seconds = (performance.now() - start) / 1000;
      break;
    }
    await Bun.sleep(100);
  }
  for (const socket of sockets) socket.end();
  const after = (await askAnew(server, 20_000))?.status ?? 0;
  return [
    atMost(`${connections} ${name} against 64 descriptors: /health out of reach`, seconds, mostSeconds, "s"),
    found("… and after they left", String(after), "200", after === 200),
  ];
}

/** On a connection of its own: one that is still open from before needs no descriptor. */
function askAnew(server: Started, limitMs: number): Promise<Response | null> {
  return fetch(`${server.url}/health`, { keepalive: false, signal: AbortSignal.timeout(limitMs) }).catch(() => null);
}
