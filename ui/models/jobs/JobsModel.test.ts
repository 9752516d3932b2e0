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

test("of what has ended the newest five hundred stay on the page, and all that is open", () => {
  const { jobs } = page.app;
  const id = (number: number) => `job-${String(number).padStart(4, "0")}`;
  const many = Array.from({ length: 620 }, (_, number) => testJob({ id: id(number), createdAt: new Date(number * 1000).toISOString(), state: number < 10 ? "queued" : "succeeded" }));
  for (const job of many) jobs.put(job);
  expect(jobs.all.value.filter(({ state }) => state === "queued")).toHaveLength(10);
  const ended = jobs.all.value.filter(({ state }) => state === "succeeded").map((job) => job.id);
  expect([ended.length, ended[0], ended.at(-1)]).toEqual([500, id(619), id(120)]);
});
