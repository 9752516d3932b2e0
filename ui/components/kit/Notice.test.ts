import { expect, test } from "bun:test";
import { html } from "htm/preact";
import { ApiError } from "../../api.ts";
import { mount } from "../../testing/render.ts";
import { ErrorNotice } from "./Notice.ts";

const error = new ApiError(422, "invalid_input", "The character was not saved.", "The name is too long.", "Shorten the name.", "cor-abc", [
  { path: "name", message: "At most 100 characters." },
]);

test("an error says what happened, why, what to do, and has a reference to copy", () => {
  using notice = mount(html`<${ErrorNotice} error=${error} alert />`);
  const text = notice.text();
  for (const part of [error.what, error.why, "What to do: Shorten the name.", "At most 100 characters.", "Reference cor-abc", "Copy reference"]) {
    expect(text).toContain(part);
  }
  expect(notice.root.querySelector("[role=alert]")).not.toBeNull();
});

test("an error that nobody caused just now is not shouted at screen readers", () => {
  using notice = mount(html`<${ErrorNotice} error=${error} />`);
  expect(notice.root.querySelector("[role=alert]")).toBeNull();
});

test("a failed job shows the last lines of its log as text, never as markup", () => {
  const failure = { code: "out_of_memory", what: "The GPU ran out of memory.", why: "", fix: "Use Quick.", tail: ["<img src=x onerror=alert(1)>"] };
  using notice = mount(html`<${ErrorNotice} error=${failure} reference="cor-job" />`);
  expect(notice.root.querySelector("img")).toBeNull();
  expect(notice.root.querySelector("pre")!.textContent).toBe("<img src=x onerror=alert(1)>");
  expect(notice.text()).toContain("cor-job");
});
