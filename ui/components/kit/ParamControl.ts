import { html } from "htm/preact";
import type { ParameterSpec } from "../../../server/contract/backend.ts";

export interface ParamControlProps {
  id: string;
  spec: ParameterSpec;
  value: unknown;
  describedBy: string | undefined;
  invalid: boolean;
  onInput: (value: unknown) => void;
}

/** A slider needs few enough steps that each can be hit. */
const maxSliderSteps = 200;

interface Shared {
  id: string;
  disabled: boolean;
  "aria-describedby": string | undefined;
  "aria-invalid": "true" | undefined;
}

/** The control that fits the type of one parameter. */
export function ParamControl(props: ParamControlProps) {
  const { id, spec, value, describedBy, invalid, onInput } = props;
  const shared: Shared = { id, disabled: !spec.supported, "aria-describedby": describedBy, "aria-invalid": invalid ? "true" : undefined };
  const text = (event: Event) => (event.target as HTMLInputElement).value;
  switch (spec.type) {
    case "int":
    case "float":
      return numberControl(props, shared);
    case "bool":
      return html`<div><input
        ...${shared}
        class="switch"
        type="checkbox"
        role="switch"
        checked=${value === true}
        onChange=${(event: Event) => onInput((event.target as HTMLInputElement).checked)}
      /></div>`;
    case "enum":
      return html`<select ...${shared} class="input" onChange=${(event: Event) => onInput(optionValue(spec, text(event)))}>
        ${(spec.options ?? []).map(
          (option) => html`<option key=${option.value} value=${String(option.value)} selected=${option.value === value}>${option.label}</option>`,
        )}
      </select>`;
    case "intList":
      return spec.options ? checkList(props) : html`<input
        ...${shared}
        class="input"
        inputmode="numeric"
        value=${Array.isArray(value) ? value.join(", ") : ""}
        onChange=${(event: Event) => onInput(text(event).split(/[\s,;]+/).filter((part) => part !== "").map(Number))}
      />`;
    case "stringList":
      return html`<textarea
        ...${shared}
        class="input"
        rows="4"
        value=${Array.isArray(value) ? value.join("\n") : ""}
        onChange=${(event: Event) => onInput(text(event).split("\n").map((line) => line.trim()).filter((line) => line !== ""))}
      ></textarea>`;
    case "string":
      return html`<input
        ...${shared}
        class="input"
        maxLength=${spec.maxLength}
        value=${String(value ?? "")}
        onInput=${(event: Event) => onInput(text(event))}
      />`;
  }
}

/** A number box for exact entry, with a slider beside it where the range is small enough to aim at. */
function numberControl({ spec, value, onInput }: ParamControlProps, shared: Shared) {
  const step = spec.step ?? (spec.type === "int" ? 1 : undefined);
  const steps = spec.min !== undefined && spec.max !== undefined && step ? (spec.max - spec.min) / step : Infinity;
  const shown = typeof value === "number" && Number.isFinite(value) ? value : "";
  const onNumber = (event: Event) => {
    const typed = (event.target as HTMLInputElement).value;
    onInput(typed === "" ? Number.NaN : Number(typed));
  };
  return html`<div class="with-unit">
    <input ...${shared} class="input num" type="number" inputmode="decimal" min=${spec.min} max=${spec.max} step=${step ?? "any"} value=${shown} onInput=${onNumber} />
    ${spec.unit && html`<span class="hint">${spec.unit}</span>`}
    ${steps <= maxSliderSteps &&
    html`<input
      type="range"
      aria-label=${`${spec.label}, slider`}
      disabled=${!spec.supported}
      min=${spec.min}
      max=${spec.max}
      step=${step}
      value=${shown}
      onInput=${onNumber}
      onDblClick=${() => onInput(spec.default)}
    />`}
  </div>`;
}

function checkList({ id, spec, value, describedBy, onInput }: ParamControlProps) {
  const chosen = Array.isArray(value) ? (value as unknown[]) : [];
  const toggle = (option: string | number, on: boolean) => {
    const all = (spec.options ?? []).map((candidate) => candidate.value);
    onInput(all.filter((candidate) => (candidate === option ? on : chosen.includes(candidate))));
  };
  return html`<div class="row wrap" role="group" aria-labelledby=${`${id}-label`} aria-describedby=${describedBy}>
    ${(spec.options ?? []).map(
      (option) => html`<label class="check" key=${option.value}>
        <input
          type="checkbox"
          disabled=${!spec.supported}
          checked=${chosen.includes(option.value)}
          onChange=${(event: Event) => toggle(option.value, (event.target as HTMLInputElement).checked)}
        />
        ${option.label}
      </label>`,
    )}
  </div>`;
}

function optionValue(spec: ParameterSpec, text: string): string | number {
  return spec.options?.find((option) => String(option.value) === text)?.value ?? text;
}
