import { afterEach, describe, expect, mock, test } from "bun:test";
import { signal } from "@preact/signals";
import { html } from "htm/preact";
import type { Artifact, Job } from "../../../server/contract/job.ts";
import { waitFor } from "../../../server/testing/wait.ts";
import { AppProvider } from "../../models/app/AppModel.ts";
import { tableOfSamples } from "../../models/training/samples.ts";
import { addPoints, emptySeries } from "../../models/training/series.ts";
import { createTestApp, testJob, type TestApp } from "../../testing/app.ts";
import { testLora } from "../../testing/engines.ts";
import { byName, mount, typeInto } from "../../testing/render.ts";
import { CheckpointList } from "./CheckpointList.ts";
import { LossChart, trendSentence } from "./LossChart.ts";
import { attemptSeconds } from "../../models/jobs/JobsModel.ts";
import { PromptList } from "./PromptList.ts";
import { RunNotice } from "./RunNotice.ts";
import { SampleTimeline } from "./SampleTimeline.ts";
import { StopDialog } from "./StopRun.ts";

// There is no canvas here; the drawing itself is looked at in a real browser.
void mock.module("./loss-plot.ts", () => ({
  styled: Promise.resolve(),
  createLossPlot: () => ({ update() {}, setSmoothing() {}, move: () => "Step 2, loss 0.2500", destroy() {} }),
}));

let open: TestApp[] = [];
const within = (content: unknown, loras = [testLora()]) => {
  const test = createTestApp(undefined, { loras });
  open.push(test);
  return mount(html`<${AppProvider} value=${test.app}>${content}<//>`);
};
afterEach(() => {
  for (const test of open) test.dispose();
  open = [];
});
const artifact = (change: Partial<Artifact>): Artifact => ({
  id: `${change.kind ?? "sample"}-${change.step}-${change.promptIndex}`, jobId: "job-1", kind: "sample", name: "s.jpg", step: 0, promptIndex: 0, simulated: false, sizeBytes: 2e6,
  createdAt: "2026-11-21T10:00:00.000Z", url: `/s/${change.step}/${change.promptIndex}`, ...change,
});

describe("the sample timeline", () => {
  const steps = [0, 200, 400];
  const table = tableOfSamples(steps.flatMap((step) => [artifact({ step, promptIndex: 0 }), artifact({ step, promptIndex: 1 })]));
  const show = () => within(html`<${SampleTimeline} table=${table} prompts=${["ada smiling"]} isExpected=${true} expected=${4} />`);

  test("shows the newest picture of each prompt, and the slider goes back", async () => {
    using page = show();
    expect([...page.root.querySelectorAll("img")].map((img) => img.getAttribute("src"))).toEqual(["/s/400/0", "/s/400/1"]);
    expect(page.text()).toContain("ada smiling");
    expect(page.text()).toContain("Prompt 2");
    const slider = page.root.querySelector("input[type=range]")!;
    typeInto(slider, "0");
    await waitFor("the first picture is shown", () => page.root.querySelector("img")?.getAttribute("src") === "/s/0/0");
    expect(slider.getAttribute("aria-valuetext")).toBe("Before training");
  });

  test("the arrow keys go through steps and prompts in the large view", async () => {
    using page = show();
    byName(page.root, "Open large: ada smiling, Step 400").click();
    const large = () => page.root.querySelector("dialog img")?.getAttribute("src");
    await waitFor("it is open", () => large() === "/s/400/0");
    const press = (key: string) => document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    // Effects bind the keys after the frame was drawn, so the key is pressed until it is heard.
    await waitFor("the step before is shown", () => large() === "/s/200/0" || void press("ArrowLeft"));
    await waitFor("the other prompt is shown", () => large() === "/s/200/1" || void press("ArrowDown"));
  });

  test("says that pictures will come, or that there were none", () => {
    const empty = tableOfSamples([]);
    using running = within(html`<${SampleTimeline} table=${empty} prompts=${[]} isExpected=${true} expected=${4} />`);
    expect(running.text()).toContain("appear here while the training runs");
    using ended = within(html`<${SampleTimeline} table=${empty} prompts=${[]} isExpected=${false} expected=${4} />`);
    expect(ended.text()).toBe("This run made no test pictures.");
  });
});

describe("the loss", () => {
  test("is no chart before the second value", () => {
    using page = within(html`<${LossChart} series=${emptySeries()} version=${signal(0)} isRunning=${true} />`);
    expect(page.root.querySelector("figure")).toBeNull();
    expect(page.text()).toContain("second measured value");
  });

  test("says what is missing where a run ended after one stored value", () => {
    const series = emptySeries();
    addPoints(series, [[1, 0.5]]);
    using page = within(html`<${LossChart} series=${series} version=${signal(0)} isRunning=${false} />`);
    expect(page.text()).toBe("No curve: fewer than two loss values were stored before this run ended.");
  });

  test("has a sentence and a table beside the curve", async () => {
    const series = emptySeries();
    addPoints(series, [[1, 0.5], [2, 0.25]]);
    using page = within(html`<${LossChart} series=${series} version=${signal(0)} isRunning=${true} />`);
    expect(page.text()).toContain("at step 2");
    byName(page.root, "Show as table").click();
    await waitFor("the table is there", () => page.root.querySelectorAll("tbody tr").length === 2);
    expect(page.root.querySelector("tbody tr")!.textContent).toContain("0.2500");
  });

  test("tells the direction in words", () => {
    const series = emptySeries();
    addPoints(series, Array.from({ length: 50 }, (_, index) => [index + 1, 1 - index / 50] as const));
    expect(trendSentence(series, 0)).toBe("Loss 0.020 on average at step 50, down from 0.220, 10 steps earlier.");
  });
});

describe("what became of a run", () => {
  const show = (change: Partial<Job>) => within(html`<${RunNotice} job=${testJob(change)} checkpoints=${[]} />`);

  test("waiting says for what", () => {
    using page = show({ state: "queued", waiting: { code: "gpu", text: "Waits until the GPU is free." } });
    expect(page.text()).toContain("Waits until the GPU is free.");
  });

  test("a failure says what, why and what to do, with its reference", () => {
    using page = show({ state: "failed", failure: { code: "oom", what: "Out of memory.", why: "It was full.", fix: "Use Quick.", tail: ["last line"] } });
    for (const words of ["Out of memory.", "It was full.", "Use Quick.", "last line", "cor-1"]) expect(page.text()).toContain(words);
  });

  test("success leads to the first pictures with this LoRA", () => {
    using page = show({ state: "succeeded", results: ["lora-1"] });
    expect(page.text()).toContain("Ada v1 is ready");
    expect(byName(page.root, "Make pictures with this LoRA").getAttribute("href")).toBe("/generate?lora=lora-1");
  });

  test("a running one needs no notice", () => {
    using page = show({ state: "running" });
    expect(page.text()).toBe("");
  });
});

describe("Stop", () => {
  test("asks once, says what is kept, and closes when the server has agreed", async () => {
    const calls: string[] = [];
    using page = within(html`<${StopDialog} job=${testJob()} checkpoints=${3} onStop=${async () => calls.push("stop")} onClose=${() => calls.push("close")} />`);
    expect(page.text()).toContain("Kept: all 3 saved states");
    byName(page.root, "Stop training").click();
    await waitFor("it is closed", () => calls.includes("close"));
    expect(calls).toEqual(["stop", "close"]);
  });

  test("stays open with the reason when the server refuses", async () => {
    const calls: string[] = [];
    using page = within(html`<${StopDialog} job=${testJob()} checkpoints=${0} onStop=${() => Promise.reject(new Error("It has ended."))} onClose=${() => calls.push("close")} />`);
    byName(page.root, "Stop training").click();
    await waitFor("the reason is shown", () => page.text().includes("It has ended."));
    expect(calls).toEqual([]);
  });
});

test("each saved state can be downloaded, with its step and size", () => {
  using page = within(html`<${CheckpointList} checkpoints=${[artifact({ kind: "checkpoint", step: 400 })]} />`);
  expect(page.text()).toContain("Step 400");
  expect(page.text()).toContain("1.9 MiB");
  expect(byName(page.root, "Download Step 400").hasAttribute("download")).toBe(true);
});

test("a test prompt shows what will be read, and warns without the trigger word", () => {
  const changes: unknown[] = [];
  using page = within(html`<${PromptList}
    prompts=${["photo of {trigger}", "a landscape"]} triggerWord="adalov7" maxLength=${500} isChanged=${false}
    onChange=${(next: unknown) => changes.push(next)} onReset=${() => undefined}
  />`);
  expect(page.text()).toContain("Reads: photo of adalov7");
  expect(page.text()).toContain("The trigger word is missing");
  byName(page.root, "Remove prompt 2").click();
  expect(changes).toEqual([["photo of {trigger}"]]);
});

test("the time of a run ends with the run", () => {
  const job = testJob({ startedAt: "2026-11-21T10:00:00.000Z" });
  expect(attemptSeconds(testJob(), 0)).toBeNull();
  expect(attemptSeconds(job, Date.parse("2026-11-21T10:01:00.000Z"))).toBe(60);
  expect(attemptSeconds({ ...job, finishedAt: "2026-11-21T10:00:30.000Z" }, Date.parse("2026-11-21T12:00:00.000Z"))).toBe(30);
});

test("a second attempt counts from its own start", () => {
  const job = testJob({ startedAt: "2026-11-21T10:00:00.000Z", attemptStartedAt: "2026-11-21T10:35:00.000Z", attempt: 2 });
  expect(attemptSeconds(job, Date.parse("2026-11-21T10:35:02.000Z"))).toBe(2);
});
