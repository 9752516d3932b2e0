import { afterEach, describe, expect, test } from "bun:test";
import type { GenerationRequest } from "../../../server/contract/job.ts";
import { createTestApp, emptyServer, testBoot, testJob, type TestApp } from "../../testing/app.ts";
import { testImage, testLora, testOutput } from "../../testing/engines.ts";
import { createGenerateModel, type GenerateModel } from "./GenerateModel.ts";

let open: TestApp;
let model: GenerateModel;
let sent: GenerationRequest[] = [];
const picture = (change = {}) => testJob({ id: "job-g", kind: "generation", title: "4 pictures", ...change });

function start() {
  sent = [];
  open = createTestApp((method, path, body) => {
    if (method === "POST" && path === "/api/generation") {
      sent.push(body as GenerationRequest);
      return picture({ state: "queued", request: body });
    }
    if (path === "/api/outputs/out-0001") return testOutput(1);
    return emptyServer(method, path);
  }, { info: { ...testBoot().info, image: testImage }, loras: [testLora()] });
  model = createGenerateModel(open.app, localStorage);
}
afterEach(() => {
  model.dispose();
  open.dispose();
});
const preview = (jobId: string, index: number, dataUrl: string) => open.app.events.emit({ type: "job.preview", jobId, index, dataUrl });

describe("making pictures", () => {
  test("sends the form and puts the job into the queue", async () => {
    start();
    model.chooseLora("lora-1");
    model.change({ prompt: "in a park" });
    await model.generate();
    expect(sent).toMatchObject([{ prompt: "in a park", loras: [{ id: "lora-1", strength: 0.9 }], characterId: "chr-1", count: 4 }]);
    expect(model.queue.value.map(({ id }) => id)).toEqual(["job-g"]);
  });

  test("the form survives a reload", () => {
    start();
    model.change({ prompt: "kept", seed: 5 });
    const again = createGenerateModel(open.app, localStorage);
    expect(again.draft.value).toMatchObject({ prompt: "kept", seed: 5 });
    again.dispose();
  });

  test("a picture's settings fill the form", async () => {
    start();
    await model.useOutput("out-0001");
    expect(model.draft.value).toMatchObject({ prompt: "adalov7 in a park", seed: 42, steps: 25, aspectRatio: "9:16" });
  });

  test("keeps the newest preview of each picture while its job is in the queue, and forgets it afterwards", () => {
    start();
    open.app.jobs.put(picture());
    preview("job-g", 0, "data:a");
    preview("job-g", 1, "data:b");
    preview("job-g", 0, "data:c");
    preview("job-other", 0, "data:x");
    expect([...model.previewOf("job-g")]).toEqual([[0, "data:c"], [1, "data:b"]]);
    expect(model.previewOf("job-other").size).toBe(0);
    open.app.jobs.put(picture({ state: "succeeded" }));
    expect(model.previewOf("job-g").size).toBe(0);
  });

  test("a job that fails while one looks stays with its reason, can be put away", async () => {
    start();
    const failure = { code: "x", what: "It failed.", why: "", fix: "", tail: [] };
    open.app.jobs.put(testJob({ id: "old", kind: "generation", state: "failed", failure }));
    open.app.jobs.put(picture());
    open.app.jobs.put(picture({ state: "failed", failure }));
    expect(model.failed.value.map(({ id }) => id)).toEqual(["job-g"]);
    model.putAway(picture());
    expect(model.failed.value).toEqual([]);
  });

  test("a refusal is shown and the form keeps what was typed", async () => {
    start();
    model.change({ prompt: "kept" });
    open.app.api.post = () => Promise.reject(new Error("no"));
    await model.generate();
    expect(model.error.value?.why).toBe("no");
    expect(model.draft.value.prompt).toBe("kept");
  });
});
