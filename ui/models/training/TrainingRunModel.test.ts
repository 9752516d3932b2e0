import { afterEach, describe, expect, test } from "bun:test";
import type { Artifact } from "../../../server/contract/job.ts";
import { waitFor } from "../../../server/testing/wait.ts";
import { createTestApp, emptyServer, testBoot, testCharacter, testJob, type TestApp } from "../../testing/app.ts";
import { testPresets, testTraining } from "../../testing/engines.ts";
import { createTrainingRunModel, type TrainingRunModel } from "./TrainingRunModel.ts";

const sample = (step: number): Artifact => ({
  id: `s${step}`, jobId: "job-1", kind: "sample", name: "s.jpg", step, promptIndex: 0, simulated: false, sizeBytes: 1, createdAt: "", url: "/s",
});
let points: Array<[number, number]> = [];
let artifacts: Artifact[] = [];
let open: TestApp;
let model: TrainingRunModel;

function start() {
  const job = testJob({ request: { preset: "balanced" } });
  open = createTestApp((method, path) => {
    if (path === "/api/training/job-1") return job;
    if (path === "/api/training/job-1/cancel") return { ...job, state: "stopping" };
    if (path.endsWith("/metrics")) return { series: [{ key: "learning_rate", points: [[1, 9]] }, { key: "loss/loss", points }] };
    if (path.endsWith("/artifacts")) return { artifacts };
    if (path.startsWith("/api/training/presets")) return { presets: testPresets };
    return emptyServer(method, path);
  }, { info: { ...testBoot().info, training: testTraining }, characters: [testCharacter()], jobs: [job] });
  model = createTrainingRunModel(open.app, "job-1");
}
const emit = (values: Array<[number, number]>, key = "loss/loss", jobId = "job-1") => open.app.events.emit({ type: "job.metrics", jobId, key, points: values });
afterEach(() => {
  model.dispose();
  open.dispose();
  points = [];
  artifacts = [];
});

describe("a training as it happens", () => {
  test("what was before and what comes meet without a gap or a doubled point", async () => {
    points = [[1, 0.5], [2, 0.4]];
    artifacts = [sample(0)];
    start();
    emit([[2, 0.4], [3, 0.3]]);
    emit([[9, 9]], "learning_rate");
    emit([[8, 8]], "loss/loss", "job-2");
    await waitFor("the loss is there", () => model.loss.resource.data.value);
    expect(model.loss.series).toEqual({ xs: [1, 2, 3], ys: [0.5, 0.4, 0.3] });
    await waitFor("the samples are there", () => model.artifacts.data.value);
    open.app.events.emit({ type: "job.artifact", jobId: "job-1", artifact: sample(200) });
    open.app.events.emit({ type: "job.artifact", jobId: "job-1", artifact: sample(200) });
    open.app.events.emit({ type: "job.artifact", jobId: "job-2", artifact: sample(999) });
    expect(model.samples.value.steps).toEqual([0, 200]);
  });

  test("a run that went back to an earlier step loses the curve after it", async () => {
    points = [[1, 0.5], [2, 0.4], [3, 0.3]];
    start();
    await waitFor("the loss is there", () => model.loss.series.xs.length === 3);
    open.app.events.emit({ type: "job.metrics-undone", jobId: "job-1", afterStep: 2 });
    expect(model.loss.series).toEqual({ xs: [1, 2], ys: [0.5, 0.4] });
  });

  test("an artifact that is told while the list is fetched is not lost", async () => {
    start();
    open.app.events.emit({ type: "job.artifact", jobId: "job-1", artifact: sample(200) });
    await waitFor("the list is there", () => model.artifacts.data.value);
    expect(model.samples.value.steps).toEqual([200]);
  });

  test("another attempt fetches the curve anew, since it goes on from an earlier step", async () => {
    points = [[1, 0.5], [2, 0.4], [3, 0.3]];
    start();
    await waitFor("the loss is there", () => model.loss.series.xs.length === 3);
    points = [[1, 0.5]];
    open.app.events.emit({ type: "job.changed", job: testJob({ attempt: 2 }) });
    await waitFor("the curve is that of the server", () => model.loss.series.xs.length === 1);
  });

  test("knows the test prompts with the trigger word filled in", async () => {
    start();
    await waitFor("the prompts are known", () => model.prompts.value.length > 0);
    expect(model.prompts.value).toEqual(["photo of adalov7", "adalov7 outside"]);
  });

  test("watches the job while it is shown, and no longer", () => {
    open = createTestApp(emptyServer);
    const calls: string[] = [];
    const connection = { ...open.app.connection, connections: open.app.connection.connections, watch: (id: string) => calls.push(`watch ${id}`), unwatch: (id: string) => calls.push(`unwatch ${id}`) };
    model = createTrainingRunModel({ ...open.app, connection: connection as unknown as typeof open.app.connection }, "job-1");
    expect(calls).toEqual(["watch job-1"]);
    model.dispose();
    expect(calls).toEqual(["watch job-1", "unwatch job-1"]);
  });

  test("Stop asks the server and shows what it answers", async () => {
    start();
    await waitFor("the job is found", () => model.job.value);
    await model.stop();
    expect(open.requests).toContain("POST /api/training/job-1/cancel");
    expect(model.job.value!.state).toBe("stopping");
  });
});

test("of a training that does not exist nothing but itself is asked for", async () => {
  const missing = Response.json({ error: { code: "not_found", what: "There is no such training.", why: "", fix: "", correlationId: "c" } }, { status: 404 });
  open = createTestApp((method, path) => (path === "/api/training/job-9" ? missing : emptyServer(method, path)));
  model = createTrainingRunModel(open.app, "job-9");
  await waitFor("it is not found", () => model.found.error.value?.status === 404);
  expect(open.requests).toEqual(["GET /api/training/job-9"]);
});
