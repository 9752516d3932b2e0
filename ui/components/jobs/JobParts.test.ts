import { afterEach, beforeEach, describe, expect, setSystemTime, test } from "bun:test";
import { html } from "htm/preact";
import type { Artifact, Job } from "../../../server/contract/job.ts";
import { waitFor } from "../../../server/testing/wait.ts";
import { AppProvider } from "../../models/app/AppModel.ts";
import { createAwayModel } from "../../models/app/AwayModel.ts";
import { createTestApp, testJob, type TestApp } from "../../testing/app.ts";
import { byName, mount } from "../../testing/render.ts";
import { AwayBanner, AwayList } from "../frame/Away.ts";
import { JobRow } from "./JobRow.ts";
import { RunNotice } from "../training/RunNotice.ts";
import { forceAfterMs } from "./StopJob.ts";
import { placeAt } from "./useRowDrag.ts";
import { placeIn } from "./WaitingList.ts";

let open: TestApp;
const answers = new Map<string, unknown>();
beforeEach(() => {
  open = createTestApp((method, path) => answers.get(`${method} ${path}`) ?? {});
});
afterEach(() => {
  open.dispose();
  answers.clear();
  setSystemTime();
});
const within = (content: unknown) => mount(html`<${AppProvider} value=${open.app}>${content}<//>`);
const checkpoint = (step: number): Artifact => ({ id: `${step}`, jobId: "job-1", kind: "checkpoint", name: "", step, promptIndex: null, simulated: false, sizeBytes: 1, createdAt: "", url: "" });
const progress = { stages: [], step: 1300, totalSteps: 2000, fraction: 0.65, etaSeconds: null, speed: "1 it/s", loss: null, learningRate: null, message: "", updatedAt: "" };
const failedWith = (code: string, change: Partial<Job> = {}) =>
  testJob({ state: "failed", failure: { code, what: "It broke.", why: "Why.", fix: "Do this.", tail: Array.from({ length: 40 }, (_, index) => `line ${index}`) }, ...change });

describe("a failed run", () => {
  test("without anything saved offers the way out first, then retry", () => {
    using page = within(html`<${RunNotice} job=${failedWith("hf_gated")} checkpoints=${[]} />`);
    const licence = byName(page.root, "Open the licence page");
    expect(licence.getAttribute("target")).toBe("_blank");
    expect(licence.getAttribute("rel")).toBe("noreferrer");
    expect(byName(page.root, "Enter token").getAttribute("href")).toBe("/settings?at=token");
    expect(page.root.querySelectorAll(".btn")[0]).toBe(licence);
    byName(page.root, "Retry");
  });

  test("shows the last 30 lines behind one click", () => {
    using page = within(html`<${RunNotice} job=${failedWith("network")} checkpoints=${[]} />`);
    const lines = page.root.querySelector("details:not([open]) pre")!.textContent!.split("\n");
    expect(lines).toHaveLength(30);
    expect(lines.at(-1)).toBe("line 39");
  });

  test("with a saved state says what is safe, and has one button, which goes on from there", async () => {
    answers.set("POST /api/jobs/job-1/retry", testJob({ state: "queued" }));
    using page = within(html`<${RunNotice} job=${failedWith("network", { progress })} checkpoints=${[checkpoint(250), checkpoint(1250)]} />`);
    expect(page.text()).toContain("Step 1,250 of 2,000 is safe");
    expect(page.text()).toContain("It can go on from there, about 13 min left.");
    expect([...page.root.querySelectorAll("[data-kind=primary]")].map((button) => button.textContent!.trim())).toEqual(["Continue from step 1,250"]);
    byName(page.root, "Continue from step 1,250").click();
    await waitFor("it waits again", () => open.app.jobs.byId("job-1")?.state === "queued");
  });

  test("a refused retry says so beside its button", async () => {
    answers.set("POST /api/jobs/job-1/retry", Response.json({ error: { code: "conflict", what: "Ada is being trained already.", why: "", fix: "", correlationId: "c" } }, { status: 409 }));
    using page = within(html`<${RunNotice} job=${failedWith("network")} checkpoints=${[]} />`);
    byName(page.root, "Retry").click();
    await waitFor("the reason is shown", () => page.text().includes("Ada is being trained already."));
  });

  test("a full disk shows how much is free now", () => {
    using page = within(html`<${RunNotice} job=${failedWith("disk_full")} checkpoints=${[]} />`);
    expect(page.text()).toContain("Free now: 466 GiB of 931 GiB.");
  });

  test("an interrupted run says that it goes on by itself", () => {
    using page = within(html`<${RunNotice} job=${testJob({ state: "interrupted", progress })} checkpoints=${[checkpoint(1250)]} />`);
    expect(page.text()).toContain("It goes on from there by itself, about 13 min left.");
  });
});

describe("Stop pressed twice", () => {
  test("first waits for the tool, then may force it", async () => {
    const stopping = testJob({ state: "stopping" });
    answers.set("POST /api/training/job-1/cancel", stopping);
    open.app.jobs.put(testJob());
    open.app.jobs.put(stopping);
    {
      using page = within(html`<${JobRow} job=${stopping} />`);
      const button = byName(page.root, "Stopping… Training Ada");
      expect(button.getAttribute("aria-disabled")).toBe("true");
      expect(page.text()).toContain("It saves nothing after the last saved state.");
      button.click();
      expect(open.requests).toEqual([]);
    }
    setSystemTime(new Date(Date.now() + forceAfterMs));
    using page = within(html`<${JobRow} job=${stopping} />`);
    await waitFor("it may be forced", () => page.text().includes("Force stop"));
    byName(page.root, "Force stop Training Ada").click();
    await waitFor("it is sent", () => open.requests.includes("POST /api/training/job-1/cancel"));
  });
});

describe("where a dragged row lands", () => {
  test.each([[0, 90, 2], [0, 45, 1], [2, 5, 0], [1, 30, 1], [1, 1000, 2], [1, -1000, 0]])("row %i at %i lands at %i", (from, y, to) => {
    expect(placeAt([10, 40, 70], from, y)).toBe(to);
  });

  test("among the rows that a filter shows, in the whole queue", () => {
    const [a, b, c, d] = ["a", "b", "c", "d"].map((id) => testJob({ id })) as [Job, Job, Job, Job];
    expect(placeIn([a, b, c, d], [b, d], "d", 0)).toBe(1);
    expect(placeIn([a, b, c, d], [a, c], "a", 1)).toBe(2);
  });
});

describe("while you were away", () => {
  test("a list with the way to each, put away with one press", async () => {
    open.app.jobs.reset([
      testJob({ id: "x", state: "succeeded", title: "Training Bob", finishedAt: "2026-11-21T10:00:00.000Z" }),
      failedWith("network", { id: "y" }),
    ]);
    localStorage.setItem("isengard.news", "x y");
    const away = createAwayModel({ jobs: open.app.jobs, connection: open.app.connection, store: localStorage });
    using page = mount(html`<${AppProvider} value=${{ ...open.app, away }}><${AwayList} /><${AwayBanner} /><//>`);
    expect(page.text()).toContain("Done: Training Bob");
    expect(page.text()).toContain("Failed: Training Ada");
    expect(page.text()).toContain("It broke.");
    expect(byName(page.root, "See why").getAttribute("href")).toBe("/training/y");
    byName(page.root, "Put away").click();
    await waitFor("it is gone", () => !page.text().includes("While you were away"));
    away.dispose();
  });
});

test("the news of an update is shown once, whatever happens on the connection", async () => {
  open.app.connection.start();
  for (let n = 0; n < 3; n++) {
    open.sockets.at(-1)!.say({ type: "hello", epoch: "e1", seq: 1, build: "b2", resumed: true });
  }
  open.app.toasts.show("Something else.");
  expect(open.app.toasts.toasts.value.filter((toast) => toast.text.includes("updated"))).toHaveLength(1);
});
