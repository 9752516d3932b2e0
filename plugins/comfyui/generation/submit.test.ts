import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { ServiceHandle } from "../../plugin.ts";
import { ComfyClient, ComfyUnreachable } from "../protocol/client.ts";
import { defaultLimits } from "./limits.ts";
import { locate, submit } from "./submit.ts";
import { Bell, orAborted } from "./wait.ts";
import { cancelPrompt, watchPrompt, type WatchOptions } from "./watch.ts";

// Real processes on a busy machine need more than the usual five seconds.
setDefaultTimeout(30_000);

const limits = { ...defaultLimits, pollMs: 20, pollWithoutSocketMs: 20, lostGapMs: 100, lookupMs: 1_200, unreachableMs: 200, cancelMs: 900 };
const promptId = "1bf29fcc-9db3-4809-907c-228f75a764a3";
const servers: Bun.Server<undefined>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

/** A ComfyUI made of a few answers; it counts what it was asked. */
class FakeComfy {
  readonly asked: string[] = [];
  readonly headers: Headers[] = [];
  running: string[] = [];
  pending: string[] = [];
  ended: Record<string, "success" | "interrupted"> = {};
  readonly client: ComfyClient;

  constructor(answer: (path: string, fake: FakeComfy) => Response | null = () => null, address = (port: number) => `http://127.0.0.1:${port}`) {
    const server = Bun.serve({
      hostname: "127.0.0.1", port: 0,
      fetch: (request) => {
        const path = new URL(request.url).pathname;
        this.asked.push(`${request.method} ${path}`);
        this.headers.push(request.headers);
        return answer(path, this) ?? this.#usual(path);
      },
    });
    servers.push(server);
    this.client = new ComfyClient(address(server.port ?? 0));
  }

  count(what: string): number {
    return this.asked.filter((line) => line === what).length;
  }

  #usual(path: string): Response {
    const items = (ids: readonly string[]) => ids.map((id, index) => [index, id, {}, {}, []]);
    if (path.endsWith("/queue")) return Response.json({ queue_running: items(this.running), queue_pending: items(this.pending) });
    if (path.includes("/history/")) {
      const id = path.split("/").at(-1) ?? "";
      const end = this.ended[id];
      if (!end) return Response.json({});
      const status = end === "success" ? { status_str: "success", messages: [] } : { status_str: "error", messages: [["execution_interrupted", {}]] };
      return Response.json({ [id]: { outputs: {}, status } });
    }
    if (path.includes("/api/jobs")) return new Response(null, { status: 404 });
    return Response.json({ prompt_id: promptId, number: 0, node_errors: {} });
  }
}

const request = { promptId, clientId: null, graph: {}, extraData: {} };

function handle(gone = new AbortController(), dir: string | null = "/here"): ServiceHandle & { restarts: string[] } {
  const restarts: string[] = [];
  return { url: "", dir, instance: "i", gone: gone.signal, release() {}, restart: async (reason) => void restarts.push(reason), restarts };
}

function watching(fake: FakeComfy, given: Partial<WatchOptions> = {}): WatchOptions {
  return {
    client: fake.client, promptId, handle: handle(), cancelled: new AbortController().signal, limits, bell: new Bell(), lastEvent: () => null, ...given,
  };
}

describe("submitting", () => {
  test("when the answer is lost but the prompt arrived, it is not posted again", async () => {
    const fake = new FakeComfy((path, self) => {
      if (path !== "/prompt") return null;
      self.pending = [promptId];
      return new Response("broken pipe", { status: 502 });
    });
    expect(await submit(fake.client, request, limits)).toEqual({ kind: "submitted" });
    expect(fake.count("POST /prompt")).toBe(1);
  });

  test("when it did not arrive, it is posted once more with the same id", async () => {
    let first = true;
    const fake = new FakeComfy((path) => {
      if (path !== "/prompt" || !first) return null;
      first = false;
      return new Response(null, { status: 503 });
    });
    expect(await submit(fake.client, request, limits)).toEqual({ kind: "submitted" });
    expect(fake.count("POST /prompt")).toBe(2);
  });

  test("a 200 with node_errors is a failure, and the prompt is removed", async () => {
    const fake = new FakeComfy((path) => path === "/prompt"
      ? Response.json({ prompt_id: promptId, number: 0, node_errors: { 3: { class_type: "SaveImage", errors: [{ type: "required_input_missing", extra_info: { input_name: "images" } }] } } })
      : null);
    const submitted = await submit(fake.client, request, limits);
    expect(submitted.kind === "refused" && submitted.failure.why).toContain("SaveImage: the setting images is missing");
    expect(fake.asked).toContain("POST /queue");
    expect(fake.asked).toContain("POST /interrupt");
  });

  test("nothing that a browser would add is sent, and an address keeps its prefix and account", async () => {
    const fake = new FakeComfy(() => null, (port) => `http://me:p%40ss@127.0.0.1:${port}/comfy/`);
    await fake.client.queue();
    expect(fake.asked).toEqual(["GET /comfy/queue"]);
    expect(fake.headers[0]?.get("authorization")).toBe(`Basic ${btoa("me:p@ss")}`);
    for (const name of ["origin", "referer", "cookie", "sec-fetch-site"]) expect(fake.headers[0]?.get(name)).toBeNull();
  });

  test("an address where nobody answers is ComfyUnreachable", async () => {
    await expect(new ComfyClient("http://127.0.0.1:1").queue()).rejects.toThrow(ComfyUnreachable);
  });
});

describe("watching", () => {
  test("the queue is asked before the history, so that a prompt cannot slip between", async () => {
    const fake = new FakeComfy();
    expect(await locate(fake.client, promptId)).toBe("absent");
    expect(fake.asked).toEqual(["GET /queue", `GET /history/${promptId}`]);
  });

  test("only two looks apart in time make a prompt lost", async () => {
    const begun = performance.now();
    expect(await watchPrompt(watching(new FakeComfy()))).toEqual({ kind: "lost" });
    expect(performance.now() - begun).toBeGreaterThanOrEqual(limits.lostGapMs);
  });

  test("a prompt that waits behind others is not lost and not stalled", async () => {
    const fake = new FakeComfy();
    fake.pending = [promptId];
    const watched = watchPrompt(watching(fake, { limits: { ...limits, stallWithoutSocketMs: 50 } }));
    expect(await Promise.race([watched, Bun.sleep(300).then(() => "still waiting")])).toBe("still waiting");
    fake.ended[promptId] = "success";
    expect((await watched).kind).toBe("ended");
  });

  test("the bell makes it look at once", async () => {
    const fake = new FakeComfy();
    fake.running = [promptId];
    const bell = new Bell();
    const watched = watchPrompt(watching(fake, { bell, lastEvent: () => performance.now(), limits: { ...limits, pollMs: 60_000 } }));
    await Bun.sleep(50);
    fake.ended[promptId] = "success";
    bell.ring();
    expect((await watched).kind).toBe("ended");
  });

  test("a running prompt without any event is stuck after the limit", async () => {
    const fake = new FakeComfy();
    fake.running = [promptId];
    expect(await watchPrompt(watching(fake, { limits: { ...limits, stallWithoutSocketMs: 100 } }))).toMatchObject({ kind: "stuck" });
  });

  test("a ComfyUI that answers with errors for too long is stuck", async () => {
    const fake = new FakeComfy(() => new Response(null, { status: 500 }));
    expect(await watchPrompt(watching(fake))).toEqual({ kind: "stuck", why: "It stopped answering." });
  });

  test("the end of the tool and a cancel are seen at once", async () => {
    const gone = new AbortController();
    const fake = new FakeComfy();
    fake.running = [promptId];
    const watched = watchPrompt(watching(fake, { handle: handle(gone), limits: { ...limits, pollWithoutSocketMs: 60_000 } }));
    await Bun.sleep(30);
    gone.abort();
    expect(await watched).toEqual({ kind: "gone" });
    expect(await watchPrompt(watching(fake, { cancelled: AbortSignal.abort() }))).toEqual({ kind: "cancelled" });
  });
});

describe("cancelling", () => {
  test("without the jobs API a prompt is deleted and interrupted by its id, in this order", async () => {
    const fake = new FakeComfy((path, self) => {
      if (path === "/interrupt") self.ended[promptId] = "interrupted";
      return null;
    });
    expect(await cancelPrompt(fake.client, promptId, handle(), limits)).toMatchObject({ kind: "ended", end: { kind: "interrupted" } });
    expect(fake.asked.slice(0, 3)).toEqual([`POST /api/jobs/${promptId}/cancel`, "POST /queue", "POST /interrupt"]);
  });

  test("with the jobs API nothing else is called", async () => {
    const fake = new FakeComfy((path, self) => {
      if (!path.includes("/api/jobs/")) return null;
      self.ended[promptId] = "interrupted";
      return Response.json({ cancelled: true });
    });
    await cancelPrompt(fake.client, promptId, handle(), limits);
    expect(fake.asked).not.toContain("POST /interrupt");
  });

  test("a prompt that finished in the meantime is returned as finished", async () => {
    const fake = new FakeComfy();
    fake.ended[promptId] = "success";
    expect(await cancelPrompt(fake.client, promptId, handle(), limits)).toMatchObject({ kind: "ended", end: { kind: "succeeded" } });
  });

  test("a ComfyUI that does not react is restarted after the limit, and not before", async () => {
    const fake = new FakeComfy();
    fake.running = [promptId];
    const target = handle();
    const begun = performance.now();
    expect(await cancelPrompt(fake.client, promptId, target, limits)).toEqual({ kind: "removed" });
    expect(performance.now() - begun).toBeGreaterThanOrEqual(limits.cancelMs);
    expect(target.restarts).toHaveLength(1);
  });

  test("one that runs elsewhere is not restarted, and the doubt is told", async () => {
    const fake = new FakeComfy();
    fake.running = [promptId];
    const target = handle(new AbortController(), null);
    expect(await cancelPrompt(fake.client, promptId, target, limits)).toEqual({ kind: "unconfirmed" });
    expect(target.restarts).toEqual([]);
  });
});

test("a value that comes after the abort is handed over and not lost", async () => {
  const slow = Promise.withResolvers<string>();
  const late: string[] = [];
  const abort = new AbortController();
  const waiting = orAborted(slow.promise, abort.signal, (value) => late.push(value));
  abort.abort();
  expect(await waiting).toBeNull();
  slow.resolve("handle");
  await Bun.sleep(0);
  expect(late).toEqual(["handle"]);
});
