import { afterEach, beforeEach, expect, test } from "bun:test";
import { createTestApp, testBoot, testJob, type TestApp } from "../../testing/app.ts";

let page: TestApp;
beforeEach(() => void (page = createTestApp()));
afterEach(() => page.dispose());

const waits = (revision: number, text: string) => testJob({ revision, state: "queued", waiting: { code: "gpu", text } });


test("an answer that is older than an event changes nothing, and what is fetched anew does", () => {
  const { jobs, events } = page.app;
  events.emit({ type: "job.changed", job: waits(7, "Waits for the training of Bob.") });
  jobs.put(waits(6, "Waits for 8 pictures of Emoji."));
  expect(jobs.byId("job-1")!.waiting!.text).toBe("Waits for the training of Bob.");
  jobs.put(waits(8, "Waits for 1 other job before it."));
  expect(jobs.byId("job-1")!.waiting!.text).toBe("Waits for 1 other job before it.");
  jobs.reset(testBoot({ jobs: [waits(2, "From a restored database.")] }).jobs);
  expect(jobs.byId("job-1")!.waiting!.text).toBe("From a restored database.");
});
