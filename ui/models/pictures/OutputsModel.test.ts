import { afterEach, describe, expect, test } from "bun:test";
import type { Output } from "../../../server/contract/output.ts";
import { waitFor } from "../../../server/testing/wait.ts";
import { createTestApp, emptyServer, type TestApp } from "../../testing/app.ts";
import { testOutput } from "../../testing/engines.ts";
import { createOutputsModel, type OutputsModel } from "./OutputsModel.ts";

let stored: Output[] = [];
let open: TestApp;
let model: OutputsModel;

function start(pageSize = 2) {
  open = createTestApp((method, path) => {
    const url = new URL(path, "http://page");
    if (url.pathname !== "/api/outputs") return emptyServer(method, path);
    const before = url.searchParams.get("before");
    const who = url.searchParams.get("characterId");
    const fitting = stored.filter((output) => (before === null || output.id < before) && (who === null || output.characterId === who));
    const outputs = fitting.slice(0, Number(url.searchParams.get("limit")));
    return { outputs, next: fitting.length > outputs.length ? outputs.at(-1)!.id : null };
  });
  model = createOutputsModel(open.app, pageSize);
}
const ids = () => model.outputs.value?.map(({ id }) => id);
afterEach(() => {
  model.dispose();
  open.dispose();
});

describe("the pictures made", () => {
  test("come page by page, newest first", async () => {
    stored = [testOutput(3), testOutput(2), testOutput(1)];
    start();
    expect(model.outputs.value).toBeNull();
    await model.load();
    expect(ids()).toEqual(["out-0003", "out-0002"]);
    expect(model.hasMore.value).toBe(true);
    await model.more();
    expect(ids()).toEqual(["out-0003", "out-0002", "out-0001"]);
    expect(model.hasMore.value).toBe(false);
  });

  test("a new one appears in front once, also when it is told while the page is fetched", async () => {
    stored = [testOutput(1)];
    start();
    const loading = model.load();
    open.app.events.emit({ type: "output.added", output: testOutput(2) });
    await loading;
    open.app.events.emit({ type: "output.added", output: testOutput(2) });
    expect(ids()).toEqual(["out-0002", "out-0001"]);
  });

  test("of another person do not come into the list of one", async () => {
    stored = [testOutput(1, { characterId: "chr-2" })];
    start();
    await model.load("chr-1");
    open.app.events.emit({ type: "output.added", output: testOutput(2, { characterId: "chr-2" }) });
    expect(ids()).toEqual([]);
  });

  test("a deleted one is gone at once, on the server too, and comes back with Undo", async () => {
    stored = [testOutput(2), testOutput(1)];
    start();
    await model.load();
    model.remove(testOutput(2));
    expect(ids()).toEqual(["out-0001"]);
    expect(open.requests).toContain("DELETE /api/outputs/out-0002");
    open.app.toasts.undoLast();
    await waitFor("it is back", () => ids()?.length === 2);
    expect(open.requests).toContain("POST /api/outputs/out-0002/restore");
  });

  test("a failure keeps what is on the screen", async () => {
    stored = [testOutput(1)];
    start();
    await model.load();
    open.app.api.get = () => Promise.reject(new Error("no"));
    await model.load();
    expect(model.error.value?.why).toBe("no");
    expect(ids()).toEqual(["out-0001"]);
  });
});
