import { html } from "htm/preact";
import { useId } from "preact/hooks";
import type { ImageCapabilities, ParameterValues } from "../../../server/contract/backend.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { absentOf, hasForeignSigns, modelOf, parametersOf, shapeOf, triggersOf } from "../../models/pictures/generation-draft.ts";
import type { GenerateModel } from "../../models/pictures/GenerateModel.ts";
import { generateText as text } from "../../text/generate.ts";
import { AspectPicker } from "./AspectPicker.ts";
import { Button } from "../kit/Button.ts";
import { FeatureList } from "../kit/FeatureList.ts";
import { Icon } from "../kit/Icon.ts";
import { LoraPicker } from "./LoraPicker.ts";
import { ErrorNotice } from "../kit/Notice.ts";
import { Obstacles, useObstacles } from "../jobs/Obstacles.ts";
import { checkValue, ParamForm } from "../kit/ParamForm.ts";
import { SeedField } from "./SeedField.ts";
import { TriggerTags } from "./TriggerTags.ts";

export interface GenerateFormProps {
  model: GenerateModel;
  capabilities: ImageCapabilities;
}

/** Type, Ctrl+Enter, done. Everything else has a value that works. */
export function GenerateForm({ model, capabilities }: GenerateFormProps) {
  const { library } = useApp();
  const draft = model.draft.value;
  const isBlocked = useObstacles("generation").length > 0;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    document.getElementById("generate")?.click();
  };
  return html`<form class="card generate-form" onSubmit=${(event: Event) => event.preventDefault()} onKeyDown=${onKeyDown}>
    <${Prompt} model=${model} />
    <${TriggerTags}
      tags=${triggersOf(draft, library.usable.value)}
      isAdded=${draft.addTrigger}
      onChange=${(addTrigger: boolean) => model.change({ addTrigger })}
    />
    <${LoraPicker}
      loras=${library.usable.value}
      chosen=${draft.loras}
      strength=${capabilities.strength}
      maxLoras=${capabilities.maxLoras}
      onChange=${(loras: typeof draft.loras) => model.change({ loras, isNobody: loras.length === 0 })}
    />
    <${AspectPicker}
      shapes=${capabilities.aspectRatios}
      chosen=${shapeOf(draft, capabilities)?.id}
      onChoose=${(aspectRatio: string) => model.change({ aspectRatio })}
    />
    <${Count} count=${draft.count} max=${capabilities.maxCount} onChange=${(count: number) => model.change({ count })} />
    <${SeedField} seed=${draft.seed} onChange=${(seed: number | null) => model.change({ seed })} />
    <${ModelChoice} model=${model} capabilities=${capabilities} />
    <${Advanced} model=${model} capabilities=${capabilities} />
    ${model.error.value && !(model.error.value.code === "cannot_run" && isBlocked) && html`<${ErrorNotice} error=${model.error.value} alert />`}
    <${GenerateButton} model=${model} capabilities=${capabilities} />
  </form>`;
}

const maxPrompt = 2000;

/** Alt, because the arrows alone move in the text. */
const recallSteps: Readonly<Record<string, 1 | -1>> = { ArrowUp: 1, ArrowDown: -1 };

function Prompt({ model }: { model: GenerateModel }) {
  const id = useId();
  const { prompt } = model.draft.value;
  const canRecall = model.earlierPrompts.value.length > 0;
  const onKeyDown = (event: KeyboardEvent) => {
    const step = recallSteps[event.key];
    if (!event.altKey || step === undefined) return;
    event.preventDefault();
    model.recallPrompt(step);
  };
  return html`<div class="field">
    <label for=${id}>${text.prompt}</label>
    <textarea
      id=${id}
      class="input"
      rows="3"
      maxlength=${maxPrompt}
      placeholder=${text.promptExample}
      value=${prompt}
      aria-describedby=${canRecall ? `${id}-recall` : undefined}
      onKeyDown=${onKeyDown}
      onInput=${(event: Event) => model.change({ prompt: (event.target as HTMLTextAreaElement).value })}
    ></textarea>
    ${canRecall && html`<p class="hint keys" id=${`${id}-recall`}><kbd>Alt</kbd> <kbd>↑</kbd> ${text.recall}</p>`}
    ${prompt.length >= maxPrompt - 200 && html`<p class="hint num" role="status">${text.letters(prompt.length, maxPrompt)}</p>`}
    ${hasForeignSigns(prompt) && html`<p class="hint">${text.foreignSigns}</p>`}
  </div>`;
}

function Count({ count, max, onChange }: { count: number; max: number; onChange: (count: number) => void }) {
  return html`<fieldset class="field">
    <legend class="label">${text.count}</legend>
    <div class="counts">
      ${Array.from({ length: max }, (_, index) => index + 1).map(
        (number) => html`<label class="shape" key=${number}>
          <input class="hide" type="radio" name="count" value=${number} checked=${number === count} onChange=${() => onChange(number)} />
          <span class="num">${number}</span>
        </label>`,
      )}
    </div>
  </fieldset>`;
}

function ModelChoice({ model, capabilities }: GenerateFormProps) {
  const id = useId();
  const chosen = modelOf(model.draft.value, capabilities);
  if (capabilities.models.length < 2) return null;
  // Steps and guidance belong to the model, so another one begins with its own.
  const choose = (event: Event) => model.change({ model: (event.target as HTMLSelectElement).value, steps: null, guidance: null });
  return html`<div class="field">
    <label for=${id}>${text.model}</label>
    <select id=${id} class="input" onChange=${choose}>
      ${capabilities.models.map(
        (candidate) => html`<option key=${candidate.id} value=${candidate.id} selected=${candidate.id === chosen?.id}>${candidate.label}</option>`,
      )}
    </select>
    ${chosen?.note && html`<p class="hint">${chosen.note}</p>`}
  </div>`;
}

function Advanced({ model, capabilities }: GenerateFormProps) {
  const draft = model.draft.value;
  const chosen = modelOf(draft, capabilities);
  const base = { steps: chosen?.defaultSteps, guidance: chosen?.defaultGuidance };
  const set: ReadonlyArray<readonly [string, number | null]> = [["steps", draft.steps], ["guidance", draft.guidance]];
  const values: ParameterValues = Object.fromEntries(set.filter(([, value]) => value !== null));
  const change = (next: ParameterValues) => model.change({ steps: numberOf(next, "steps"), guidance: numberOf(next, "guidance") });
  return html`<details class="fold">
    <summary><${Icon} name="right" size="s" />${text.advanced}</summary>
    <div class="stack">
      <${ParamForm}
        parameters=${parametersOf(draft, capabilities)}
        base=${base}
        values=${values}
        problems=${model.error.value?.fields}
        onChange=${change}
      />
      <${FeatureList} title=${text.absent} features=${absentOf(draft, capabilities)} />
    </div>
  </details>`;
}

function numberOf(values: ParameterValues, name: string): number | null {
  return typeof values[name] === "number" ? values[name] : null;
}

function GenerateButton({ model, capabilities }: GenerateFormProps) {
  const draft = model.draft.value;
  const wrong = parametersOf(draft, capabilities).some((spec) => {
    const value = spec.name === "steps" ? draft.steps : draft.guidance;
    return value !== null && checkValue(spec, value) !== "";
  });
  const reason = draft.prompt.trim() === "" ? text.needPrompt : wrong ? text.correct : null;
  const [obstacle] = useObstacles("generation");
  const isTraining = useApp().jobs.active.value.some((job) => job.kind === "training" && job.state === "running");
  const blocked = reason ?? obstacle?.what ?? null;
  return html`<${Obstacles} kind="generation" onQueueAnyway=${reason === null ? () => model.generate(true) : undefined} />
  <div class="row wrap generate-go">
    <${Button} id="generate" kind="primary" class="big" icon="spark" busyText=${text.generating} unavailable=${blocked} onClick=${() => model.generate()}>
      ${text.generate(draft.count)}
    <//>
    <span class="hint keys"><kbd>Ctrl</kbd> <kbd>Enter</kbd></span>
    ${reason && html`<span class="hint">${reason}</span>`}
    ${!blocked && isTraining && html`<span class="hint">${text.afterTraining}</span>`}
  </div>`;
}
