/** A small tus server on loopback that can be told to misbehave. */
export interface TusServer {
  readonly url: string;
  readonly received: Map<string, { name: string; bytes: Uint8Array; expected: number }>;
  readonly log: string[];
  /** Called before each request; an answer ends the request. */
  intercept: (method: string, path: string) => Response | null;
  stop(): void;
}

export function startTusServer(): TusServer {
  const received: TusServer["received"] = new Map();
  const log: string[] = [];
  let next = 1;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const path = new URL(request.url).pathname;
      log.push(`${request.method} ${path}`);
      const answer = tus.intercept(request.method, path);
      if (answer) return answer;
      if (request.method === "POST") return create(request);
      const id = path.split("/")[3]!;
      const upload = received.get(id);
      if (!upload) return new Response(null, { status: 404 });
      if (path.endsWith("/outcome")) return outcome(upload);
      if (request.method === "PATCH") {
        if (Number(request.headers.get("upload-offset")) !== upload.bytes.length) return new Response(null, { status: 409 });
        const part = new Uint8Array(await request.arrayBuffer());
        upload.bytes = Buffer.concat([upload.bytes, part]);
      }
      if (request.method === "DELETE") received.delete(id);
      return new Response(null, { status: request.method === "HEAD" ? 200 : 204, headers: { "upload-offset": String(upload.bytes.length) } });
    },
  });
  const create = (request: Request) => {
    const id = `upl-${next++}`;
    const metadata = (request.headers.get("upload-metadata") ?? "").split(",").map((pair) => pair.trim().split(" "));
    const name = Buffer.from(metadata.find(([key]) => key === "filename")?.[1] ?? "", "base64").toString("utf8");
    received.set(id, { name, bytes: new Uint8Array(0), expected: Number(request.headers.get("upload-length")) });
    return new Response(null, { status: 201, headers: { location: `/api/uploads/${id}` } });
  };
  const outcome = (upload: { name: string; bytes: Uint8Array; expected: number }) => {
    if (upload.bytes.length !== upload.expected) return Response.json({}, { status: 409 });
    if (upload.name.startsWith("bad")) return Response.json({ kind: "rejected", fileName: upload.name, code: "not_a_picture", reason: "This file is not a picture." });
    if (upload.name.startsWith("again")) return Response.json({ kind: "duplicate", fileName: upload.name, photo: {} });
    return Response.json({ kind: "added", fileName: upload.name, photo: {} });
  };
  const tus: TusServer = { url: server.url.origin, received, log, intercept: () => null, stop: () => void server.stop(true) };
  return tus;
}
