import type { Started } from "../testing/executable.ts";
import { type Finding, found } from "./report.ts";
import { head, RawSocket } from "./socket.ts";

const json = { "content-type": "application/json", "x-isengard": "1" };

/** Ten and more wrong tokens, then the right one: the victim must not be locked out, and the guesser must be slowed. */
export async function attackTokens({ url, token }: Started): Promise<Finding[]> {
  const wrong = (index: number) => fetch(`${url}/api/characters`, { headers: { authorization: `Bearer ${String(index).padStart(43, "w")}` } }).then((answer) => answer.status);
  const statuses: number[] = [];
  for (let index = 0; index < 15; index++) statuses.push(await wrong(index));
  const right = await fetch(`${url}/api/characters`, { headers: { authorization: `Bearer ${token}` } });
  const login = await fetch(`${url}/api/session`, { method: "POST", headers: json, body: JSON.stringify({ token }) });
  const link = await fetch(`${url}/api/links`, { method: "POST", headers: { authorization: `Bearer ${token}` } });
  return [
    found("15 different wrong tokens: the last one is told to wait", String(statuses.at(-1)), "429", statuses.at(-1) === 429),
    found("… and the right one is taken: API, login, link", `${right.status} ${login.status} ${link.status}`, "200 200 200", right.ok && login.ok && link.ok),
  ];
}

/** Logging out, in this browser and everywhere, with sockets open. */
export async function attackSessions({ url, token }: Started): Promise<Finding[]> {
  const signIn = async () => {
    const answer = await fetch(`${url}/api/session`, { method: "POST", headers: json, body: JSON.stringify({ token }) });
    return answer.headers.get("set-cookie")!.split(";")[0]!;
  };
  const outcome = async (path: string) => {
    const [mine, other] = [await signIn(), await signIn()];
    const sockets = await Promise.all([mine, other].map((cookie) => openEvents(url, cookie)));
    await fetch(`${url}${path}`, { method: "DELETE", headers: { cookie: mine, ...json } });
    const closed = await Promise.all(sockets.map((socket) => socket.closedWithin(3000)));
    const reads = await Promise.all([mine, other].map(async (cookie) => (await fetch(`${url}/api/characters`, { headers: { cookie } })).status));
    for (const socket of sockets) socket.end();
    return { closed: closed.join(" "), reads: reads.join(" ") };
  };
  const one = await outcome("/api/session");
  const all = await outcome("/api/sessions");
  return [
    found("sign out: own socket ends, another browser's stays", one.closed, "true false", one.closed === "true false"),
    found("sign out: own cookie is refused, the other stays", one.reads, "401 200", one.reads === "401 200"),
    found("sign out everywhere: every socket ends", all.closed, "true true", all.closed === "true true"),
    found("sign out everywhere: every cookie is refused", all.reads, "401 401", all.reads === "401 401"),
  ];
}

async function openEvents(url: string, cookie: string) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/api/events`, { headers: { cookie, origin: url } } as unknown as string[]);
  const closed = new Promise<boolean>((resolve) => socket.addEventListener("close", () => resolve(true)));
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  return { closedWithin: (ms: number) => Promise.race([closed, Bun.sleep(ms).then(() => false)]), end: () => socket.close() };
}

/** The shapes that an allowed host may have, against the routes that a stranger must not reach. */
export async function attackHosts({ url }: Started, allowed: readonly string[]): Promise<Finding[]> {
  const paths = ["/ready", "/static/ready", "/assets/ready", "/static/../ready", "/static//ready", "/api/characters", "/static/api/characters", "/api/status", "/health/../ready", "/open/../api/status", "/assets/%2e%2e/ready"];
  const leaks: string[] = [];
  for (const host of [...allowed, ...allowed.map((name) => `${name}:80`), "127.0.0.1", "localhost", "[::1]"]) {
    for (const path of [...paths, ...paths.map((each) => `http://${host}${each}`)]) {
      const socket = (await RawSocket.open(url))!;
      socket.send(head("GET", path, host, "Connection: close"));
      await socket.untilAnswered(5);
      if (socket.status === 200) leaks.push(`${host} ${path}`);
      socket.end();
    }
  }
  return [found(`${allowed.length * 2 + 3} host shapes × ${paths.length * 2} paths without a login`, leaks.join(", ") || "none answered with data", "none", leaks.length === 0)];
}
