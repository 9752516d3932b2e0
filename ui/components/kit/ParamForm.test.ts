import { describe, expect, test } from "bun:test";
import { signal } from "@preact/signals";
import { html } from "htm/preact";
import type { ParameterSpec, ParameterValues } from "../../../server/contract/backend.ts";
import { waitFor } from "../../../server/testing/wait.ts";
import type { FieldProblem } from "../../api.ts";
import { byName, mount, typeInto } from "../../testing/render.ts";
import { checkValue, ParamForm } from "./ParamForm.ts";

const spec = (change: Partial<ParameterSpec>): ParameterSpec => ({
  name: "steps", label: "Steps", help: "How long.", group: "advanced", type: "int", default: 1000, supported: true, ...change,
});
const parameters: ParameterSpec[] = [
  spec({ min: 100, max: 4000, step: 50 }),
  spec({ name: "rate", label: "Learning rate", type: "float", default: 0.0001, help: "" }),
  spec({ name: "rank", label: "Rank", type: "enum", default: 16, options: [{ value: 8, label: "8" }, { value: 16, label: "16" }] }),
  spec({ name: "ema", label: "Averaging", type: "bool", default: false }),
  spec({ name: "prompts", label: "Test prompts", type: "stringList", default: ["one"] }),
  spec({ name: "sizes", label: "Sizes", type: "intList", default: [512], options: [{ value: 512, label: "512" }, { value: 768, label: "768" }] }),
  spec({ name: "dora", label: "DoRA", type: "bool", default: false, supported: false, reason: "AI-Toolkit has no DoRA for this model." }),
  spec({ name: "name", label: "Note", type: "string", default: "", group: "basic" }),
];

function show(start: ParameterValues = {}, base: ParameterValues = {}, problems: FieldProblem[] = []) {
  const values = signal(start);
  const Form = () => html`<${ParamForm} parameters=${parameters} group="advanced" base=${base} values=${values.value} problems=${problems} onChange=${(next: ParameterValues) => (values.value = next)} />`;
  return { values, form: mount(html`<${Form} />`) };
}

describe("the form made from what a backend can do", () => {
  test("has a labelled control for each parameter of its group and none of the other", () => {
    const { form } = show();
    using _ = form;
    const names = [...form.root.querySelectorAll("label, .label")].map((label) => label.textContent?.trim());
    for (const parameter of parameters) expect(names.includes(parameter.label)).toBe(parameter.group === "advanced");
    for (const label of form.root.querySelectorAll("label[for]")) expect(document.getElementById(label.getAttribute("for")!)).not.toBeNull();
  });

  test("shows what cannot be done as disabled, with the reason tied to it", () => {
    const { form } = show();
    using _ = form;
    const control = form.root.querySelector<HTMLInputElement>("input[role=switch]:disabled")!;
    const described = control.getAttribute("aria-describedby")!.split(" ").map((id) => document.getElementById(id)!.textContent);
    expect(described.join(" ")).toContain("AI-Toolkit has no DoRA for this model.");
  });

  test("starts from the preset over the defaults and reports only what was changed", async () => {
    const { form, values } = show({}, { steps: 1500 });
    using _ = form;
    const steps = form.root.querySelector<HTMLInputElement>("input[type=number]")!;
    expect(steps.value).toBe("1500");
    typeInto(steps, "2000");
    expect(values.value).toEqual({ steps: 2000 });
    await waitFor("the change is marked", () => form.root.querySelector("[data-changed]"));
    byName(form.root, "Reset Steps").click();
    expect(values.value).toEqual({});
    await waitFor("the mark is gone", () => !form.root.querySelector("[data-changed]"));
  });

  test("keeps the type of every value", async () => {
    const { form, values } = show();
    using _ = form;
    const changed = (count: number) => waitFor(`${count} are changed`, () => form.root.querySelectorAll("[data-changed]").length === count);
    const select = form.root.querySelector("select")!;
    select.value = "8";
    select.dispatchEvent(new Event("change", { bubbles: true }));
    await changed(1);
    const prompts = form.root.querySelector("textarea")!;
    prompts.value = " first \n\n second";
    prompts.dispatchEvent(new Event("change", { bubbles: true }));
    await changed(2);
    const toggle = form.root.querySelector<HTMLInputElement>("input[role=switch]")!;
    toggle.click();
    await changed(3);
    const size = [...form.root.querySelectorAll<HTMLInputElement>("[role=group] input")][1]!;
    size.click();
    expect(values.value).toMatchObject({ rank: 8, ema: true, sizes: [512, 768] });
    expect(values.value["prompts"]).toEqual(["first", "second"]);
  });

  test("shows the server's problem at its field", () => {
    const { form } = show({}, {}, [{ path: "values.rate", message: "Too high for this model." }]);
    using _ = form;
    const field = form.root.querySelector("[aria-invalid=true]")!;
    expect(document.querySelector(`label[for="${field.id}"]`)!.textContent).toBe("Learning rate");
    expect(form.text()).toContain("Too high for this model.");
  });
});

test.each([
  [{ type: "int", min: 1, max: 10 }, 11, "Choose 10 or less."],
  [{ type: "int", min: 1, max: 10 }, 0, "Choose 1 or more."],
  [{ type: "int" }, 1.5, "Enter a whole number."],
  [{ type: "float" }, Number.NaN, "Enter a number."],
  [{ type: "float", min: 0, max: 1 }, 0.5, ""],
  [{ type: "string", maxLength: 3 }, "four", "Use at most 3 characters."],
  [{ type: "intList" }, [], "Choose at least one."],
  [{ type: "int", max: 1, supported: false }, 5, ""],
] as Array<[Partial<ParameterSpec>, unknown, string]>)("a value outside what is allowed is named (%#)", (change, value, problem) => {
  expect(checkValue(spec(change), value)).toBe(problem);
});
