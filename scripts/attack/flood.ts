import type { Started } from "../testing/executable.ts";
import { atMost, type Finding, found } from "./report.ts";
import { head, RawSocket } from "./socket.ts";

const connections = 150;
const limitSeconds = 45;

/** More connections than the server has descriptors, each with half a body: how long it is out of reach, and whether it comes back. */
export async function attackDescriptors(server: Started): Promise<Finding[]> {
  const { host } = new URL(server.url);
  const sockets: RawSocket[] = [];
  const half = `${head("POST", "/api/session", host, "X-Isengard: 1", "Content-Type: application/json", "Content-Length: 100")}{`;
  for (let index = 0; index < connections; index++) {
    const socket = await Promise.race([RawSocket.open(server.url), Bun.sleep(500).then(() => null)]);
    if (socket === null) continue;
    socket.send(half);
    sockets.push(socket);
  }
  const start = performance.now();
  let seconds = limitSeconds;
  while (performance.now() - start < limitSeconds * 1000) {
    const answer = await fetch(`${server.url}/health`, { signal: AbortSignal.timeout(1000) }).catch(() => null);
    if (answer?.ok === true) {
      seconds = (performance.now() - start) / 1000;
      break;
    }
    await Bun.sleep(100);
  }
  for (const socket of sockets) socket.end();
  const after = await fetch(`${server.url}/health`, { signal: AbortSignal.timeout(20_000) }).then((answer) => answer.status, () => 0);
  return [
    atMost(`${connections} half bodies against 64 descriptors: /health out of reach`, seconds, 40, "s"),
    found("… and after they left", String(after), "200", after === 200),
  ];
}
