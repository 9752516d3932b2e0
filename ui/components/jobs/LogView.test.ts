import { expect, test } from "bun:test";
import { signal } from "@preact/signals";
import { html } from "htm/preact";
import { waitFor } from "../../../server/testing/wait.ts";
import { ApiError } from "../../api.ts";
import type { LogModel, LogRow } from "../../models/jobs/LogModel.ts";
import { byName, mount } from "../../testing/render.ts";
import { LogView } from "./LogView.ts";

const row = (line: number, message = `line ${line}`): LogRow => ({
  kind: "entry",
  entry: { line, time: "2026-11-21T10:00:00.000Z", level: line % 2 ? "info" : "error", event: "", message, fields: {} },
});

function show(rows: LogRow[], change: Partial<Record<keyof LogModel, unknown>> = {}) {
  const calls: string[] = [];
  const model = {
    rows: signal(rows), filter: signal({ level: null, search: "", hours: null }), loading: signal(false), error: signal(null), following: signal(true),
    newLines: signal(0), older: signal(0), liveLine: signal(""), downloadUrl: null,
    setFilter: (filter: object) => calls.push(`filter ${JSON.stringify(filter)}`),
    follow: (on: boolean) => calls.push(`follow ${on}`),
    load: async () => void calls.push("load"),
    loadOlder: async () => void calls.push("older"),
    dispose: () => undefined,
    ...change,
  } as unknown as LogModel;
  return { calls, view: mount(html`<${LogView} model=${model} label="Log" empty="No lines yet." viewportPx=${400} />`) };
}

test("of 5,000 lines only a window is in the page, and the scroll height is that of all", () => {
  const { view } = show(Array.from({ length: 5000 }, (_, index) => row(index + 1)));
  using _ = view;
  expect(view.root.querySelectorAll(".log-line").length).toBeLessThan(90);
  expect(view.root.querySelector<HTMLElement>(".window")!.style.height).toBe("100000px");
});

test("a line is text, whatever it says, with its level as a word", () => {
  const { view } = show([row(2, "<img src=x onerror=alert(1)>"), { kind: "gap", lines: 7 }]);
  using _ = view;
  expect(view.root.querySelector("img")).toBeNull();
  expect(view.root.querySelector(".log-line")!.textContent).toContain("error");
  expect(view.text()).toContain("<img src=x onerror=alert(1)>");
  expect(view.text()).toContain("7 lines skipped");
});

test("never had a line, nothing matches, and could not be read are three different things", () => {
  {
    const { view } = show([]);
    using _ = view;
    expect(view.text()).toContain("No lines yet.");
  }
  {
    const { view, calls } = show([], { filter: signal({ level: "error", search: "cuda" }) });
    using _ = view;
    expect(view.text()).toContain("No entry fits Errors, cuda.");
    byName(view.root, "Clear filter").click();
    expect(calls).toEqual(['filter {"level":null,"search":"","hours":null}']);
  }
  {
    const error = new ApiError(500, "internal", "The log could not be read.", "", "Try again.", "cor-1");
    const { view, calls } = show([], { error: signal(error) });
    using _ = view;
    expect(view.text()).toContain("The log could not be read.");
    expect(view.text()).not.toContain("No lines yet.");
    byName(view.root, "Try again").click();
    expect(calls).toEqual(["load"]);
  }
});

test("lines that arrive while it scrolls to the end do not stop the following; a person who scrolls up does", () => {
  const { view, calls } = show(Array.from({ length: 500 }, (_, index) => row(index + 1)));
  using _ = view;
  const box = view.root.querySelector<HTMLElement>(".log-scroll")!;
  Object.defineProperties(box, { scrollHeight: { value: 20_000 }, clientHeight: { value: 400 } });
  const scrollTo = (top: number) => {
    box.scrollTop = top;
    box.dispatchEvent(new Event("scroll"));
  };
  scrollTo(8000);
  scrollTo(9600);
  expect(calls).toEqual([]);
  scrollTo(9000);
  expect(calls).toEqual(["follow false"]);
});

test("while paused it says how many lines are new, and a click follows again", async () => {
  const { view, calls } = show([row(1)], { following: signal(false), newLines: signal(128) });
  using _ = view;
  byName(view.root, "128 new lines").click();
  await waitFor("it follows", () => calls.includes("follow true"));
});

test("older lines are offered", () => {
  const { view, calls } = show([row(701)], { older: signal(700) });
  using _ = view;
  expect(view.text()).toContain("700 earlier lines not shown.");
  byName(view.root, "Load earlier lines").click();
  expect(calls).toEqual(["older"]);
});

test("leaving while the browser still tells of scrolling throws nothing", () => {
  const { view } = show(Array.from({ length: 100 }, (_, index) => row(index + 1)));
  const box = view.root.querySelector(".log-scroll")!;
  view[Symbol.dispose]();
  const thrown: string[] = [];
  const note = (event: Event) => thrown.push((event as ErrorEvent).message);
  window.addEventListener("error", note);
  box.dispatchEvent(new Event("scroll"));
  window.removeEventListener("error", note);
  expect(thrown).toEqual([]);
});

test("a progress bar of a tool is its numbers, and an empty line is no row", () => {
  const bar = `ada:  34%|${"█".repeat(60)}${" ".repeat(80)}| 510/1500 [12:03<23:11]`;
  const { view } = show([row(1, bar)]);
  using _ = view;
  expect(view.root.querySelector(".message")!.textContent).toBe("ada:  34%· 510/1500 [12:03<23:11]");
});
