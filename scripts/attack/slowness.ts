import type { Started } from "../testing/executable.ts";
import { atMost, type Finding, found } from "./report.ts";
import { head, RawSocket } from "./socket.ts";

const write = ["X-Isengard: 1", "Content-Type: application/json"];

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
  const header = async (everyMs: number) => {
    const socket = (await RawSocket.open(url))!;
    socket.send("GET / HTTP/1.1\r\nHo");
    const timer = setInterval(() => socket.send("o"), everyMs);
    return socket.untilClosed(90).finally(() => clearInterval(timer));
  };
  const bearer = `Authorization: Bearer ${token}`;
  const [open, drip, refused, dripRefused, dripUnread, headers, ...headerDrips] = await Promise.all([
    half("/api/session", ...write).then((socket) => socket.untilClosed(60)),
    dripping("/api/session", ...write).then(({ seconds }) => seconds),
    half("/api/characters", ...write).then((socket) => socket.untilClosed(60)),
    dripping("/api/characters", ...write).then(({ seconds }) => seconds),
    dripping("/health").then(({ seconds }) => seconds),
    header(90_000),
    header(5_000),
    header(500),
  ]);
  const moving = await slowButMoving(server, bearer);
  return [
    atMost("half a body before login: held", open, 20, "s"),
    atMost("a body of two bytes a second before login: held", drip, 20, "s"),
    atMost("half a body of a refused request: held", refused, 20, "s"),
    atMost("a body of two bytes a second of a refused request: held", dripRefused, 20, "s"),
    atMost("a body of two bytes a second that nobody reads: held", dripUnread, 20, "s"),
    atMost("half a header: held", headers, 20, "s"),
    // The runtime's limit runs from the first byte: more of them do not set it back.
    atMost("a header of a byte every 5 s: held", headerDrips[0]!, 20, "s"),
    atMost("a header of two bytes a second: held", headerDrips[1]!, 20, "s"),
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
