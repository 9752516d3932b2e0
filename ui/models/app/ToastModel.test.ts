import { expect, jest, test } from "bun:test";
import { waitFor } from "../../../server/testing/wait.ts";
import { createTestApp, testCharacter } from "../../testing/app.ts";
import { createToastModel } from "./ToastModel.ts";

function undoable() {
  const calls: string[] = [];
  const toasts = createToastModel(20);
  const add = (name: string) => toasts.undoable(name, { commit: () => calls.push(`commit ${name}`), undo: () => calls.push(`undo ${name}`) });
  return { calls, toasts, add };
}

test("of undo and commit exactly one runs", () => {
  const { calls, toasts, add } = undoable();
  add("a");
  add("b");
  toasts.act(toasts.toasts.value[0]!.id);
  toasts.dismiss(toasts.toasts.value[0]!.id);
  toasts.dispose();
  expect(calls).toEqual(["undo a", "commit b"]);
});

test("Ctrl+Z takes back the newest, and a fourth toast commits the first", () => {
  const { calls, toasts, add } = undoable();
  for (const name of ["a", "b", "c", "d"]) add(name);
  expect(calls).toEqual(["commit a"]);
  expect(toasts.undoLast()).toBe(true);
  expect(calls).toEqual(["commit a", "undo d"]);
  toasts.dispose();
});

test("leaving the page commits what was not undone", () => {
  const { calls, toasts, add } = undoable();
  add("a");
  dispatchEvent(new Event("pagehide"));
  expect(calls).toEqual(["commit a"]);
  toasts.dispose();
});

test("a deleted character is gone at once, on the server too, comes back on undo, and comes back when the server refuses", async () => {
  const refusal = () => Response.json({ error: { code: "conflict", what: "No.", why: "", fix: "Stop the training first.", correlationId: "cor-1" } }, { status: 409 });
  let refuses = false;
  const { app, requests, dispose } = createTestApp((method) => (method === "DELETE" && refuses ? refusal() : {}), { characters: [testCharacter()] });
  const { characters, toasts } = app;
  characters.remove(testCharacter());
  expect(characters.all.value).toHaveLength(0);
  expect(requests).toEqual(["DELETE /api/characters/chr-1"]);
  toasts.undoLast();
  await waitFor("it is back", () => characters.all.value.length === 1);
  expect(requests.at(-1)).toBe("POST /api/characters/chr-1/restore");
  refuses = true;
  characters.remove(testCharacter());
  await waitFor("it is back", () => characters.all.value.length === 1);
  expect(toasts.toasts.value.at(-1)!.text).toContain("Stop the training first.");
  const count = requests.length;
  toasts.undoLast();
  await waitFor("nothing more was asked", () => toasts.toasts.value.length === 1);
  expect(requests).toHaveLength(count);
  dispose();
});

test("an undo of what was deleted is there exactly as long as the server keeps it, also under the pointer", () => {
  jest.useFakeTimers({ now: Date.parse("2026-11-30T10:00:00Z") });
  const toasts = createToastModel(20);
  toasts.kept("Ada was deleted.", () => undefined);
  toasts.pause(true);
  jest.advanceTimersByTime(19_000);
  expect(toasts.toasts.value).toHaveLength(1);
  jest.advanceTimersByTime(1500);
  expect(toasts.toasts.value).toEqual([]);
  toasts.dispose();
  jest.useRealTimers();
});
