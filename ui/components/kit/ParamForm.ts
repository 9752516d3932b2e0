import { html } from "htm/preact";
import { useId } from "preact/hooks";
import type { ParameterSpec, ParameterValues } from "../../../server/contract/backend.ts";
import { parameterProblem } from "../../../server/shared/parameter-check.ts";
import type { FieldProblem } from "../../api.ts";
import { Button } from "./Button.ts";
import { Icon } from "./Icon.ts";
import { ParamControl } from "./ParamControl.ts";

export interface ParamFormProps {
  parameters: readonly ParameterSpec[];
  group?: ParameterSpec["group"];
  /** What stands in the form when nothing was changed: the preset's values over the defaults. */
  base: ParameterValues;
  /** Only what was changed; send exactly this. */
  values: ParameterValues;
  onChange: (values: ParameterValues) => void;
  /** Refused fields of the last attempt. */
  problems?: readonly FieldProblem[];
}

/** A form out of what the backend says it can do. What it cannot do stays visible, disabled, with the reason. */
export function ParamForm({ parameters, group, base, values, onChange, problems = [] }: ParamFormProps) {
  const shown = parameters.filter((spec) => group === undefined || spec.group === group);
  const set = (name: string, value: unknown) => onChange({ ...values, [name]: value });
  const reset = (name: string) => onChange(Object.fromEntries(Object.entries(values).filter(([key]) => key !== name)));
  return html`<div class="params">
    ${shown.map((spec) => {
      const standard = baseValue(spec, base);
      const changed = spec.name in values && !sameValue(values[spec.name], standard);
      return html`<${ParamRow}
        key=${spec.name}
        spec=${spec}
        value=${spec.name in values ? values[spec.name] : standard}
        changed=${changed}
        problem=${problemOf(problems, spec.name) || checkValue(spec, spec.name in values ? values[spec.name] : standard)}
        onInput=${(value: unknown) => set(spec.name, value)}
        onReset=${() => reset(spec.name)}
      />`;
    })}
  </div>`;
}

interface RowProps {
  spec: ParameterSpec;
  value: unknown;
  changed: boolean;
  problem: string;
  onInput: (value: unknown) => void;
  onReset: () => void;
}

function ParamRow({ spec, value, changed, problem, onInput, onReset }: RowProps) {
  const id = useId();
  const reason = spec.supported ? "" : (spec.reason ?? "Not available here.");
  const described = [spec.help && `${id}-help`, reason && `${id}-reason`, problem && `${id}-problem`].filter((part) => part).join(" ");
  const isList = spec.type === "intList" && spec.options !== undefined;
  const labelText = html`${spec.label}${changed && html`<span class="hide"> (changed)</span>`}`;
  return html`<div class="param field" data-changed=${changed ? "" : undefined}>
    <div class="row apart">
      ${isList ? html`<span class="label" id=${`${id}-label`}>${labelText}</span>` : html`<label for=${id} class="label">${labelText}</label>`}
      ${changed && html`<${Button} kind="link" onClick=${onReset}>Reset<span class="hide"> ${spec.label}</span><//>`}
    </div>
    <${ParamControl} id=${id} spec=${spec} value=${value} describedBy=${described || undefined} invalid=${problem !== ""} onInput=${onInput} />
    ${problem && html`<p class="problem" id=${`${id}-problem`}><${Icon} name="alert" size="s" />${problem}</p>`}
    ${reason && html`<p class="hint" id=${`${id}-reason`}>Not available: ${reason}</p>`}
    ${spec.help && html`<p class="hint" id=${`${id}-help`}>${spec.help}</p>`}
  </div>`;
}

function baseValue(spec: ParameterSpec, base: ParameterValues): unknown {
  return spec.name in base ? base[spec.name] : spec.default;
}

function sameValue(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Problems come as `values.steps` or `steps` or `values.prompts.2`. */
function problemOf(problems: readonly FieldProblem[], name: string): string {
  return problems.find(({ path }) => path.split(/[./[]/).includes(name))?.message ?? "";
}

/** Empty when the value is inside what the backend allows. The server asks the same function. */
export function checkValue(spec: ParameterSpec, value: unknown): string {
  return spec.supported ? parameterProblem(spec, value) : "";
}
