import { html } from "htm/preact";
import { useState } from "preact/hooks";
import type { ParameterValues, TrainingCapabilities } from "../../../server/contract/backend.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { promptsSpec } from "../../models/training/training-prompts.ts";
import type { TrainingStartModel } from "../../models/training/TrainingStartModel.ts";
import { trainingText as text } from "../../text/training.ts";
import { Badge } from "../kit/Badge.ts";
import { Button } from "../kit/Button.ts";
import { FeatureList } from "../kit/FeatureList.ts";
import { Icon } from "../kit/Icon.ts";
import { ParamForm } from "../kit/ParamForm.ts";
import { PromptList } from "./PromptList.ts";

/** Where the engine names no limit of its own. */
const longestPrompt = 500;

/** Everything that the engine lets one change. Opens by itself where something is changed, so that nothing is hidden. */
export function TrainingAdvanced({ model, training }: { model: TrainingStartModel; training: TrainingCapabilities }) {
  const values = model.values.value;
  const base = model.preset.value?.values ?? {};
  const changed = model.changed.value.length;
  const [open, setOpen] = useState(changed > 0);
  const prompts = promptsSpec(training);
  const change = (next: ParameterValues) => (model.values.value = next);
  const rest = training.parameters.filter((spec) => spec !== prompts && spec.supported);
  const absent = [...training.methods, ...training.parameters.map((spec) => ({ ...spec, id: spec.name }))]
    .filter((entry) => !entry.supported)
    .map(({ id, label, reason }) => ({ id, label, reason: reason ?? "Not available here." }));
  const problems = model.error.value?.fields ?? [];
  return html`<details class="card fold" open=${open || changed > 0} onToggle=${(event: Event) => setOpen((event.target as HTMLDetailsElement).open)}>
    <summary>
      <${Icon} name="right" size="s" />${text.advanced}
      ${changed > 0 && html`<${Badge} tone="run">${text.changed(changed)}<//>`}
    </summary>
    <div class="stack wide">
      ${changed > 0 && html`<div><${Button} icon="refresh" onClick=${() => change({})}>${text.resetAll}<//></div>`}
      ${prompts &&
      html`<section class="stack" aria-label=${text.prompts}>
        <h3>${text.prompts}</h3>
        <${Prompts} model=${model} name=${prompts.name} maxLength=${prompts.maxLength ?? longestPrompt} />
      </section>`}
      <div class="params-wide"><${ParamForm} parameters=${rest} group="basic" base=${base} values=${values} problems=${problems} onChange=${change} /></div>
      <div class="params-wide"><${ParamForm} parameters=${rest} group="advanced" base=${base} values=${values} problems=${problems} onChange=${change} /></div>
      <${FeatureList} title=${text.methods} features=${absent} />
    </div>
  </details>`;
}

function Prompts({ model, name, maxLength }: { model: TrainingStartModel; name: string; maxLength: number }) {
  const character = useApp().characters.byId(model.characterId.value ?? "");
  const value = model.valueOf(name);
  const set = (prompts: readonly string[]) => (model.values.value = { ...model.values.value, [name]: prompts });
  const reset = () => (model.values.value = Object.fromEntries(Object.entries(model.values.value).filter(([key]) => key !== name)));
  return html`<${PromptList}
    prompts=${Array.isArray(value) ? value : []}
    triggerWord=${character?.triggerWord ?? ""}
    maxLength=${maxLength}
    isChanged=${name in model.values.value}
    onChange=${set}
    onReset=${reset}
  />`;
}
