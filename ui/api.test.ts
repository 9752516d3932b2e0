import { afterAll, describe, expect, test } from "bun:test";
import { ApiError, createApi, newCorrelationId } from "./api.ts";

const seen: Headers[] = [];
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch(request) {
    seen.push(new Headers(request.headers));
    switch (new URL(request.url).pathname) {
      case "/refused":
        return Response.json(
          { error: { code: "invalid_input", what: "What.", why: "Why.", fix: "Fix.", correlationId: "cor-x", fields: [{ path: "name", message: "Too long." }] } },
          { status: 422 },
        );
      case "/signed-out":
        return Response.json({ error: { code: "not_authenticated", what: "No.", why: "", fix: "", correlationId: "cor-y" } }, { status: 401 });
      case "/proxy":
        return new Response("<h1>Bad gateway</h1>", { status: 502, headers: { "content-type": "text/html" } });
      case "/nothing":
        return new Response(null, { status: 204 });
      default:
        return Response.json({ ok: true });
    }
  },
});
afterAll(() => server.stop(true));
const base = server.url.origin;

async function failure(work: Promise<unknown>): Promise<ApiError> {
  const thrown = await work.then(() => null, (error: unknown) => error);
  if (!(thrown instanceof ApiError)) throw new Error(`Expected a refused request, got ${String(thrown)}.`);
  return thrown;
}

describe("requests", () => {
  test("carry a fresh reference and the header that no foreign page can send", async () => {
    const api = createApi({ base });
    expect(await api.get<{ ok: boolean }>("/a")).toEqual({ ok: true });
    await api.post("/b", { x: 1 });
    const [first, second] = seen.slice(-2);
    for (const headers of [first!, second!]) {
      expect(headers.get("x-correlation-id")).toMatch(/^cor-[0-9a-hjkmnp-tv-z]{26}$/);
      expect(headers.get("x-isengard")).toBe("1");
    }
    expect(first!.get("x-correlation-id")).not.toBe(second!.get("x-correlation-id"));
    expect(await api.delete("/nothing")).toBeUndefined();
  });

  test("that are refused say what, why, what to do, and which field", async () => {
    const error = await failure(createApi({ base }).post("/refused"));
    expect([error.status, error.code, error.what, error.why, error.fix, error.correlationId]).toEqual([
      422, "invalid_input", "What.", "Why.", "Fix.", "cor-x",
    ]);
    expect(error.fields).toEqual([{ path: "name", message: "Too long." }]);
  });

  test("that a proxy answers still become a sentence", async () => {
    const error = await failure(createApi({ base }).get("/proxy"));
    expect(error.code).toBe("unexpected_answer");
    expect(error.why).toContain("502");
  });

  test("tell the page when the server no longer knows this browser", async () => {
    let signedOut = 0;
    await failure(createApi({ base, onSignedOut: () => signedOut++ }).get("/signed-out"));
    expect(signedOut).toBe(1);
  });

  test("to a server that is gone say that it cannot be reached", async () => {
    const error = await failure(createApi({ base: "http://127.0.0.1:9" }).get("/x"));
    expect(error.code).toBe("unreachable");
    expect(error.fix).toContain("goes on");
    expect(error.correlationId).toStartWith("cor-");
  });

  test("that the page itself gives up are no errors of the server", async () => {
    const abort = new AbortController();
    abort.abort();
    const thrown: unknown = await createApi({ base }).get("/a", { signal: abort.signal }).catch((error: unknown) => error);
    expect(thrown).not.toBeInstanceOf(ApiError);
  });
});

test("references do not repeat", () => {
  expect(new Set(Array.from({ length: 1000 }, newCorrelationId)).size).toBe(1000);
});
