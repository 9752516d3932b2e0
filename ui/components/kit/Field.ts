import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { Icon } from "./Icon.ts";

export interface FieldProps {
  label: string;
  hint?: string;
  /** What is wrong and how to put it right; empty when all is well. */
  problem?: string;
  /** Gets the attributes that tie the control to its label, hint and problem. */
  children: (control: ControlProps) => ComponentChildren;
}

export interface ControlProps {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": "true" | undefined;
}

/** Label above, then the control, then the hint and the problem, all read out with the control. */
export function Field({ label, hint = "", problem = "", children }: FieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter((part) => part !== "").join(" ");
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${children({ id, "aria-describedby": described || undefined, "aria-invalid": problem ? "true" : undefined })}
    ${problem && html`<p class="problem" id=${`${id}-problem`}><${Icon} name="alert" size="s" />${problem}</p>`}
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
  </div>`;
}

export interface TextFieldProps extends Omit<FieldProps, "children"> {
  value: string;
  onInput: (value: string) => void;
  onBlur?: () => void;
  type?: "text" | "password" | "search";
  placeholder?: string;
  maxLength?: number;
  autocomplete?: string;
  multiline?: boolean;
  required?: boolean;
  spellcheck?: boolean;
}

export function TextField(props: TextFieldProps) {
  const { label, hint, problem, multiline = false } = props;
  const onInput = (event: Event) => props.onInput((event.target as HTMLInputElement).value);
  return html`<${Field} label=${label} hint=${hint} problem=${problem}>
    ${(control: ControlProps) => {
      const shared = {
        ...control,
        class: "input",
        value: props.value,
        placeholder: props.placeholder,
        maxLength: props.maxLength,
        autocomplete: props.autocomplete ?? "off",
        required: props.required,
        spellcheck: props.spellcheck,
        onInput,
        onBlur: props.onBlur,
      };
      return multiline ? html`<textarea ...${shared} rows="3"></textarea>` : html`<input ...${shared} type=${props.type ?? "text"} />`;
    }}
  <//>`;
}
