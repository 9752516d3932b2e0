import { html } from "htm/preact";
import { useId } from "preact/hooks";
import { fillTrigger } from "../../models/training/training-prompts.ts";
import { trainingText as text } from "../../text/training.ts";
import { Button } from "../kit/Button.ts";
import { Icon } from "../kit/Icon.ts";

/** More test pictures would cost more time than the training itself. */
const maxPrompts = 16;

export interface PromptListProps {
  prompts: readonly string[];
  triggerWord: string;
  maxLength: number;
  isChanged: boolean;
  onChange: (prompts: readonly string[]) => void;
  onReset: () => void;
}

/** The prompts of the test pictures, each with what the engine will read. */
export function PromptList({ prompts, triggerWord, maxLength, isChanged, onChange, onReset }: PromptListProps) {
  const set = (at: number, prompt: string) => onChange(prompts.map((other, index) => (index === at ? prompt : other)));
  return html`<div class="stack">
    <p class="hint">${text.promptsHelp}</p>
    <ol class="stack">
      ${prompts.map(
        (prompt, index) => html`<li key=${index}>
          <${PromptRow}
            number=${index + 1}
            prompt=${prompt}
            triggerWord=${triggerWord}
            maxLength=${maxLength}
            onInput=${(next: string) => set(index, next)}
            onRemove=${() => onChange(prompts.filter((_, at) => at !== index))}
          />
        </li>`,
      )}
    </ol>
    <div class="row wrap">
      <${Button}
        icon="plus"
        unavailable=${prompts.length >= maxPrompts ? `At most ${maxPrompts} prompts.` : null}
        onClick=${() => onChange([...prompts, "photo of {trigger}"])}
      >
        ${text.addPrompt}
      <//>
      ${isChanged && html`<${Button} kind="link" onClick=${onReset}>Reset<span class="hide"> ${text.prompts}</span><//>`}
    </div>
  </div>`;
}

interface PromptRowProps {
  number: number;
  prompt: string;
  triggerWord: string;
  maxLength: number;
  onInput: (prompt: string) => void;
  onRemove: () => void;
}

function PromptRow({ number, prompt, triggerWord, maxLength, onInput, onRemove }: PromptRowProps) {
  const id = useId();
  const filled = fillTrigger(prompt, triggerWord);
  return html`<div class="field">
    <label class="hide" for=${id}>Prompt ${number}</label>
    <div class="row">
      <input
        id=${id}
        class="input"
        value=${prompt}
        maxLength=${maxLength}
        aria-describedby=${`${id}-read`}
        onInput=${(event: Event) => onInput((event.target as HTMLInputElement).value)}
      />
      <${Button} kind="quiet" icon="trash" label=${`Remove prompt ${number}`} onClick=${onRemove} />
    </div>
    <p class="hint" id=${`${id}-read`}>
      ${prompt.trim() === ""
        ? html`<span class="problem">${text.emptyPrompt}</span>`
        : triggerWord !== "" && !filled.hasTrigger
        ? html`<span class="warn"><${Icon} name="alert" size="s" /> ${text.noTrigger}</span>`
        : filled.text !== prompt && html`Reads: ${filled.text}`}
    </p>
  </div>`;
}
