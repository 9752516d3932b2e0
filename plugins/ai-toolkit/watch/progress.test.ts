import { expect, test } from "bun:test";
import { photoName } from "../start/dataset.ts";
import { ProgressTracker } from "./progress.ts";
import { remarksIn } from "./warnings.ts";

const plan = { jobName: "ada_v1", totalSteps: 60, preparations: 1 };
const bar = (step: number, speed: string, loss = "4.290e-01") =>
  `ada_v1:  40%|####      | ${step}/60 [00:10<00:20, ${speed}, lr: 1.0e-04 loss: ${loss}]`;
const running = (info: string, speed = "") => ({ status: "running", info, step: 0, speed });

test("a new attempt begins at what was saved, and shows no loss of the attempt before", () => {
  const tracker = new ProgressTracker(plan, 10);
  tracker.metrics("loss/loss", 1.4566);
  expect(tracker.snapshot()).toMatchObject({ step: 10, loss: null });
  tracker.text(bar(11, "5.20s/it"));
  expect(tracker.snapshot()).toMatchObject({ step: 11, loss: 0.429 });
});

test("the speed has one form of words and is never that of the first step alone", () => {
  const tracker = new ProgressTracker(plan);
  const speeds = [0, 1, 2, 3, 4].map((step) => {
    tracker.text(bar(step, step === 0 ? "?it/s" : "5.20s/it"));
    return tracker.snapshot().speed;
  });
  expect(speeds).toEqual(["", "", "", "5.20 sec/iter", "5.20 sec/iter"]);
  tracker.control(running("Training", "4.73 sec/iter"));
  tracker.text(bar(5, "9.99s/it"));
  expect(tracker.snapshot().speed).toBe("4.73 sec/iter");
});

test("loss and learning rate are the same number, whether the bar or the loss log tells them", () => {
  const tracker = new ProgressTracker(plan);
  tracker.text(bar(7, "2.00it/s", "1.457e+00"));
  const fromBar = tracker.snapshot().loss;
  tracker.metrics("loss/loss", 1.4566);
  tracker.metrics("learning_rate", 9.87e-5);
  expect([fromBar, tracker.snapshot().loss]).toEqual([1.457, 1.457]);
  tracker.text(bar(8, "2.00it/s", "1.457e+00"));
  expect(tracker.snapshot().learningRate).toBe(9.87e-5);
});

test("sample pictures are counted once, by those that are finished", () => {
  const tracker = new ProgressTracker(plan);
  tracker.text("Generating baseline samples before training");
  tracker.control(running("Generating images - 1/2"));
  expect(tracker.snapshot().message).toBe("Making sample pictures");
  tracker.text("Generating Images:   0%|          | 0/2 [00:00<?, ?it/s]");
  tracker.control(running("Generating images - 1/2"));
  const { message, stages } = tracker.snapshot();
  expect([message, stages.find(({ id }) => id === "baseline")!.detail]).toEqual(["Making sample pictures, 0 of 2 done", "0 of 2 pictures"]);
  tracker.control(running("Training"));
  tracker.control(running("Generating images - 0/2"));
  expect(tracker.snapshot().message).toBe("Making sample pictures");
});

test("a photo that could not be read is named as the person named it", () => {
  const photo = { path: "/p", sha256: "ab".repeat(32), mediaType: "image/jpeg", caption: "", fileName: "Holiday 7.jpg" };
  const line = `Error processing image: /data/dataset/${"ab".repeat(16)}.jpg`;
  expect(remarksIn(line, (file) => photoName([photo], file))).toEqual(["A photo could not be read and was left out of the training (Holiday 7.jpg)."]);
  expect(photoName([photo], "other.jpg")).toBe("other.jpg");
});

test("within an attempt progress never goes back, whatever the bar, the database or a checkpoint says late", () => {
  const tracker = new ProgressTracker(plan, 10);
  tracker.text(bar(20, "5.20s/it"));
  tracker.control({ ...running("Training"), step: 12 });
  expect(tracker.snapshot().step).toBe(20);
  tracker.text("Found step 10 in metadata");
  tracker.text(bar(19, "5.20s/it"));
  expect(tracker.snapshot().step).toBe(20);
  tracker.control({ ...running("Training"), step: 21 });
  expect(tracker.snapshot().step).toBe(21);
});
