import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { UploadOutcome } from "../../../server/contract/character.ts";
import { waitFor } from "../../../server/testing/wait.ts";
import { createApi } from "../../api.ts";
import { startTusServer, type TusServer } from "../../testing/tus-server.ts";
import { uploadKey } from "./tus.ts";
import { createUploadModel, maxFilesAtOnce, type UploadModel } from "./UploadModel.ts";

let server: TusServer;
let model: UploadModel;
let waits: number[];

const create = () =>
  createUploadModel({
    api: createApi({ base: server.url }),
    store: localStorage,
    wait: async (ms, signal) => {
      signal.throwIfAborted();
      waits.push(ms);
    },
  });
const file = (name: string, size = 1000, lastModified = 1) => new File([new Uint8Array(size).fill(name.length)], name, { lastModified });
const settled = () => waitFor("all uploads have ended", () => model.uploads.value.length > 0 && !model.busy.value);
const states = () => model.uploads.value.map((upload) => `${upload.name}: ${upload.state}`);

beforeEach(() => {
  localStorage.clear();
  waits = [];
  server = startTusServer();
  model = create();
});
afterEach(() => {
  model.dispose();
  server.stop();
});

describe("uploading", () => {
  test("sends every byte of every file, and one bad file does not stop the others", async () => {
    const outcomes: UploadOutcome[] = [];
    model.onOutcome((_, outcome) => outcomes.push(outcome));
    model.add("chr-1", [file("a.jpg", 3_000_000), file("bad.jpg"), file("again.jpg"), file("größe.jpg"), file("empty.jpg", 0)]);
    await settled();
    expect(states()).toEqual(["a.jpg: added", "bad.jpg: rejected", "again.jpg: duplicate", "größe.jpg: added", "empty.jpg: added"]);
    expect(model.uploads.value[1]!.note).toBe("This file is not a picture.");
    expect([...server.received.values()].map(({ name, bytes }) => [name, bytes.length]).toSorted()).toEqual([
      ["a.jpg", 3_000_000], ["again.jpg", 1000], ["bad.jpg", 1000], ["empty.jpg", 0], ["größe.jpg", 1000],
    ]);
    expect(outcomes).toHaveLength(5);
    expect(localStorage).toHaveLength(0);
  });

  test("a file that the browser cannot read is said as such and at once, never as a lost connection", async () => {
    const broken = (name: string, read: () => Promise<ArrayBuffer>) =>
      Object.defineProperty(file(name), "slice", { value: () => ({ arrayBuffer: read }) });
    const throws = (reason: string) => () => Promise.reject(new DOMException("A requested file or directory could not be found", reason));
    model.add("chr-1", [
      broken("My holiday", throws("NotFoundError")), broken("locked.jpg", throws("NotReadableError")),
      broken("shorter.jpg", async () => new ArrayBuffer(3)), file("a.jpg"),
    ]);
    await settled();
    expect(states()).toEqual(["My holiday: failed", "locked.jpg: failed", "shorter.jpg: failed", "a.jpg: added"]);
    expect(model.uploads.value.map(({ note }) => note.split(". ")[0])).toEqual(["This file is not there any more", "The browser cannot read this file", "This file was changed while it was sent", ""]);
    expect(waits).toEqual([]);
  });

  test("a full store does not hold an upload up", async () => {
    const full = new Proxy(localStorage, { get: (target, key) => (key === "setItem" ? () => { throw new DOMException("full", "QuotaExceededError"); } : Reflect.get(target, key).bind(target)) });
    model.dispose();
    model = createUploadModel({ api: createApi({ base: server.url }), store: full, wait: async (ms) => void waits.push(ms) });
    model.add("chr-1", [file("a.jpg")]);
    await settled();
    expect([states(), waits]).toEqual([["a.jpg: added"], []]);
  });

  test("goes on after dropped requests from where the server stands, with growing waits", async () => {
    let drops = 4;
    server.intercept = (method) => (method === "PATCH" && drops-- > 0 ? new Response(null, { status: 503 }) : null);
    model.add("chr-1", [file("a.jpg", 900_000)]);
    await settled();
    expect(states()).toEqual(["a.jpg: added"]);
    expect(waits).toEqual([1000, 2000, 4000, 8000]);
    expect(server.log.filter((line) => line.startsWith("POST"))).toHaveLength(1);
    expect([...server.received.values()][0]!.bytes).toEqual(new Uint8Array(900_000).fill(5));
  });

  test("that never gets through ends as failed after a limited number of attempts, and can be tried again", async () => {
    server.intercept = () => new Response(null, { status: 503 });
    model.add("chr-1", [file("a.jpg")]);
    await settled();
    expect(states()).toEqual(["a.jpg: failed"]);
    expect(model.uploads.value[0]!.note).not.toBe("");
    expect(waits.length).toBeLessThan(20);
    server.intercept = () => null;
    model.retry(model.uploads.value[0]!.id);
    await settled();
    expect(states()).toEqual(["a.jpg: added"]);
  });

  test("that the server refuses is not tried again by itself and shows the server's words", async () => {
    server.intercept = (method) =>
      method === "POST" ? Response.json({ error: { code: "too_large", what: "Too large.", why: "", fix: "Send a smaller file.", correlationId: "cor-1" } }, { status: 413 }) : null;
    model.add("chr-1", [file("a.jpg")]);
    await settled();
    expect(states()).toEqual(["a.jpg: failed"]);
    expect(model.uploads.value[0]!.note).toBe("Too large. Send a smaller file.");
    expect(server.log).toHaveLength(1);
  });

  test("goes on after a reload of the page when the same file is chosen again", async () => {
    let parts = 0;
    server.intercept = (method) => (method === "PATCH" && ++parts > 1 ? new Response(null, { status: 503 }) : null);
    const big = () => file("a.jpg", 2_000_000, 77);
    model.add("chr-1", [big()]);
    await waitFor("the first part has arrived", () => parts > 1);
    const url = localStorage.getItem(uploadKey("chr-1", big()));
    expect(url).toBe("/api/uploads/upl-1");
    const arrived = server.received.get("upl-1")!.bytes.length;
    expect(arrived).toBeGreaterThan(0);

    await settled();
    server.intercept = () => null;
    model.dispose();
    model = create();
    server.log.length = 0;
    model.add("chr-1", [big()]);
    await settled();
    expect(server.log[0]).toBe("HEAD /api/uploads/upl-1");
    expect(server.log.some((line) => line.startsWith("POST"))).toBe(false);
    expect(server.received.get("upl-1")!.bytes).toHaveLength(2_000_000);
  });

  test("of a file that the server has forgotten meanwhile begins anew", async () => {
    localStorage.setItem(uploadKey("chr-1", file("a.jpg")), "/api/uploads/upl-gone");
    model.add("chr-1", [file("a.jpg")]);
    await settled();
    expect(states()).toEqual(["a.jpg: added"]);
    expect(server.log.slice(0, 2)).toEqual(["HEAD /api/uploads/upl-gone", "POST /api/uploads"]);
  });

  test("that is cancelled disappears here and on the server, and the next one gets its turn", async () => {
    let patches = 0;
    server.intercept = (method) => (method === "PATCH" && patches++ === 0 ? new Response(null, { status: 503 }) : null);
    model.dispose();
    model = createUploadModel({
      api: createApi({ base: server.url }),
      store: localStorage,
      wait: (_, signal) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("aborted")))),
    });
    model.add("chr-1", [file("a.jpg")]);
    await waitFor("it waits for the next attempt", () => model.uploads.value[0]?.state === "retrying");
    model.cancel(model.uploads.value[0]!.id);
    expect(model.uploads.value).toHaveLength(0);
    await waitFor("the server has deleted it", () => server.log.includes("DELETE /api/uploads/upl-1"));
    model.add("chr-1", [file("b.jpg")]);
    await settled();
    expect(states()).toEqual(["b.jpg: added"]);
  });

  test("takes three at a time, and not more than the limit at once", async () => {
    let open = 0;
    let most = 0;
    const inner = server.intercept;
    server.intercept = (method, path) => {
      if (method === "POST") most = Math.max(most, ++open);
      if (path.endsWith("/outcome")) open -= 1;
      return inner(method, path);
    };
    expect(model.add("chr-1", Array.from({ length: maxFilesAtOnce + 7 }, (_, index) => file(`${index}.jpg`, 10)))).toBe(7);
    await waitFor("all uploads have ended", () => !model.busy.value, 20_000);
    expect(most).toBeLessThanOrEqual(3);
    expect(model.of("chr-1").filter((upload) => upload.state === "added")).toHaveLength(maxFilesAtOnce);
    model.clearFinished("chr-1");
    expect(model.uploads.value).toHaveLength(0);
  });

  test("asks before the tab is left only while something is on its way", async () => {
    const leaves = () => {
      const event = new Event("beforeunload", { cancelable: true });
      dispatchEvent(event);
      return !event.defaultPrevented;
    };
    expect(leaves()).toBe(true);
    model.add("chr-1", [file("a.jpg", 500_000)]);
    expect(leaves()).toBe(false);
    await settled();
    expect(leaves()).toBe(true);
  });
});
