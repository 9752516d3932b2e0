import { expect, test } from "bun:test";
import { waitFor } from "../../server/testing/wait.ts";
import { createTestApp, testCharacter } from "../testing/app.ts";
import { createToastModel } from "./ToastModel.ts";

function undoable() {
  const calls: string[] = [];
  const toasts = createToastModel();
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

test("a deleted character is gone at once, comes back on undo, and comes back when the server refuses", async () => {
  const refusal = Response.json({ error: { code: "conflict", what: "No.", why: "", fix: "Stop the training first.", correlationId: "cor-1" } }, { status: 409 });
  const { app, requests, dispose } = createTestApp((method) => (method === "DELETE" ? refusal : {}), { characters: [testCharacter()] });
  const { characters, toasts } = app;
  characters.remove(testCharacter());
  expect(characters.all.value).toHaveLength(0);
  expect(requests).toHaveLength(0);
  toasts.undoLast();
  expect(characters.all.value).toHaveLength(1);
  characters.remove(testCharacter());
  toasts.dismiss(toasts.toasts.value[0]!.id);
  expect(requests).toEqual(["DELETE /api/characters/chr-1"]);
  await waitFor("it is back", () => characters.all.value.length === 1);
  expect(toasts.toasts.value[0]!.text).toContain("Stop the training first.");
  dispose();
});
