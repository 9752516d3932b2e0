import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Job } from "../../../server/contract/job.ts";
import { waitFor } from "../../../server/testing/wait.ts";
import type { SocketState } from "../../socket.ts";
import { testJob } from "../../testing/app.ts";
import { awayAfterMs, createAwayModel, leftKey, seenKey, type AwayModel } from "./AwayModel.ts";

const all = signal<readonly Job[]>([]);
const state = signal<SocketState>({ kind: "connecting" });
let now: number;
let away: AwayModel;
const ended = (id: string, minute: number, change: Partial<Job> = {}) =>
  testJob({ id, state: "succeeded", finishedAt: `2026-11-21T10:${String(minute).padStart(2, "0")}:00.000Z`, ...change });
const ids = () => away.news.value.map(({ id }) => id);

function visit(jobs: readonly Job[], arrivalMs = 20) {
  all.value = jobs;
  state.value = { kind: "connecting" };
  away = createAwayModel({ jobs: { all }, connection: { state }, store: localStorage, now: () => now, arrivalMs });
}
beforeEach(() => {
  localStorage.clear();
  now = 1_000_000_000;
});
afterEach(() => away.dispose());

describe("a new visit", () => {
  test("of a new browser has missed nothing", () => {
    visit([ended("a", 1)]);
    expect(ids()).toEqual([]);
    expect(localStorage.getItem(seenKey)).toBe("2026-11-21T10:01:00.000Z");
  });

  test("tells what ended since, but not what the person stopped", () => {
    localStorage.setItem(seenKey, "2026-11-21T10:01:00.000Z");
    visit([ended("c", 3, { state: "failed" }), ended("s", 3, { state: "cancelled" }), ended("b", 2), ended("a", 1)]);
    expect(ids()).toEqual(["c", "b"]);
  });

  test("a reload is no absence", () => {
    localStorage.setItem(seenKey, "2026-11-21T10:01:00.000Z");
    localStorage.setItem(leftKey, String(now - awayAfterMs + 1));
    visit([ended("b", 2)]);
    expect(ids()).toEqual([]);
  });

  test("the list stays over a reload until it is put away", () => {
    localStorage.setItem(seenKey, "0");
    visit([ended("b", 2)]);
    away.dispose();
    visit([ended("b", 2)]);
    expect(ids()).toEqual(["b"]);
    away.putAway();
    away.dispose();
    visit([ended("b", 2)]);
    expect(ids()).toEqual([]);
  });
});

describe("a gap in the connection", () => {
  const lose = () => (state.value = { kind: "lost", since: now, retryAt: null });
  const live = () => (state.value = { kind: "live" });

  test("that was long tells what ended meanwhile, also when it arrives a moment later", async () => {
    visit([ended("a", 1)]);
    live();
    lose();
    now += awayAfterMs + 1;
    live();
    all.value = [ended("b", 2), ...all.value];
    expect(ids()).toEqual(["b"]);
    await waitFor("it is remembered", () => localStorage.getItem(seenKey) === "2026-11-21T10:02:00.000Z");
    all.value = [ended("c", 3), ...all.value];
    expect(ids()).toEqual(["b"]);
  });

  test("that was short tells nothing", () => {
    visit([]);
    live();
    lose();
    now += awayAfterMs - 1;
    live();
    all.value = [ended("b", 2)];
    expect(ids()).toEqual([]);
  });

  test("what ends before one's eyes is not news after the next gap", () => {
    visit([]);
    live();
    all.value = [ended("seen", 2)];
    lose();
    now += awayAfterMs + 1;
    live();
    expect(ids()).toEqual([]);
  });

  test("a training that was put off meanwhile is told as well", () => {
    visit([testJob({ id: "t", startedAt: "2026-11-21T10:00:00.000Z" })]);
    live();
    lose();
    now += awayAfterMs + 1;
    live();
    all.value = [testJob({ id: "t", state: "snoozed", startedAt: "2026-11-21T10:00:00.000Z" })];
    expect(ids()).toEqual(["t"]);
  });
});
