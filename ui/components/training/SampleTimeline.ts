import { html } from "htm/preact";
import { useId, useState } from "preact/hooks";
import { nameOf, stepWords, type Cell, type SampleTable } from "../../models/training/samples.ts";
import { trainingText as text } from "../../text/training.ts";
import { Icon } from "../kit/Icon.ts";
import { SampleViewer } from "./SampleViewer.ts";
import { Thumb } from "../kit/Thumb.ts";

export interface SampleTimelineProps {
  table: SampleTable;
  /** The texts of the prompts by their index, as far as they are known. */
  prompts: readonly string[];
  /** Pictures are still to come, or on their way. */
  isExpected: boolean;
  /** How many a step brings; their places are kept, so that nothing moves when they come. */
  expected: number;
}

/** The same prompts drawn again and again: one picture per prompt with its own slider over the steps, and all as a table. */
export function SampleTimeline({ table, prompts, isExpected, expected }: SampleTimelineProps) {
  const [open, setOpen] = useState<Cell | null>(null);
  const missing = isExpected ? Math.max(0, expected - table.promptIndexes.length) : 0;
  if (table.steps.length === 0 && missing === 0) return html`<p class="hint">${text.samplesNone}</p>`;
  return html`
    <ul class="samples">
      ${Array.from({ length: table.promptIndexes.length + missing }, (_, at) => {
        const index = table.promptIndexes[at];
        return html`<li key=${at}>${index === undefined
          ? html`<${Place} name=${prompts[at] ?? ""} />`
          : html`<${PromptColumn} key=${index} table=${table} promptIndex=${index} name=${nameOf(prompts, index)} onOpen=${setOpen} />`}</li>`;
      })}
    </ul>
    ${table.steps.length === 0 && html`<p class="hint place">${text.samplesEmpty}</p>`}
    ${table.steps.length > 0 && html`<${SampleGrid} table=${table} prompts=${prompts} onOpen=${setOpen} />`}
    ${open && html`<${SampleViewer} table=${table} prompts=${prompts} cell=${open} onMove=${setOpen} onClose=${() => setOpen(null)} />`}
  `;
}

/** Of the size of the picture that will stand here. */
function Place({ name }: { name: string }) {
  return html`<div class="sample" aria-hidden="true">
    <${Thumb} src=${null} alt="" />
    <div class="caption"><span></span><span></span><p class="hint clamp">${name}</p></div>
  </div>`;
}

interface ColumnProps {
  table: SampleTable;
  promptIndex: number;
  name: string;
  onOpen: (cell: Cell) => void;
}

/** Follows the newest picture until the slider is moved away from it. */
function PromptColumn({ table, promptIndex, name, onOpen }: ColumnProps) {
  const id = useId();
  const [chosen, setChosen] = useState<number | null>(null);
  const steps = table.stepsOf(promptIndex);
  const at = chosen === null ? steps.length - 1 : Math.max(0, steps.indexOf(chosen));
  const step = steps[at]!;
  const picture = table.at(step, promptIndex);
  const onInput = (event: Event) => {
    const next = Number((event.target as HTMLInputElement).value);
    setChosen(next === steps.length - 1 ? null : steps[next]!);
  };
  return html`<figure class="sample">
    <button type="button" aria-label=${`Open large: ${name}, ${stepWords(step)}`} onClick=${() => onOpen({ step, promptIndex })}>
      <${Thumb} src=${picture?.url ?? null} alt="" />
    </button>
    <figcaption class="caption">
      <label for=${id} class="row apart small">
        <strong class="num">${stepWords(step)}</strong>
        ${at > 0 && at === steps.length - 1 && html`<span class="hint">newest</span>`}
        <span class="hide">of ${name}</span>
      </label>
      ${steps.length < 2 ? html`<span></span>` : html`<input id=${id} type="range" min="0" max=${steps.length - 1} step="1" value=${at} aria-valuetext=${stepWords(step)} onInput=${onInput} />`}
      <p class="hint clamp" title=${name}>${name}</p>
    </figcaption>
  </figure>`;
}

function SampleGrid({ table, prompts, onOpen }: { table: SampleTable; prompts: readonly string[]; onOpen: (cell: Cell) => void }) {
  const [open, setOpen] = useState(false);
  return html`<details class="fold" onToggle=${(event: Event) => setOpen((event.target as HTMLDetailsElement).open)}>
    <summary><${Icon} name="right" size="s" />${text.allSamples}</summary>
    ${open &&
    html`<div class="scroll-x" tabindex="0" role="region" aria-label=${text.allSamples}><table class="sample-table">
      <thead>
        <tr>
          <th scope="col">Step</th>
          ${table.promptIndexes.map((index) => html`<th scope="col" key=${index}><span class="clamp">${nameOf(prompts, index)}</span></th>`)}
        </tr>
      </thead>
      <tbody>
        ${table.steps.toReversed().map(
          (step) => html`<tr key=${step}>
            <th scope="row" class="num">${step.toLocaleString("en")}</th>
            ${table.promptIndexes.map((promptIndex) => {
              const picture = table.at(step, promptIndex);
              return html`<td key=${promptIndex}>
                ${picture &&
                html`<button type="button" aria-label=${`${nameOf(prompts, promptIndex)}, ${stepWords(step)}`} onClick=${() => onOpen({ step, promptIndex })}>
                  <${Thumb} src=${picture.url} alt="" />
                </button>`}
              </td>`;
            })}
          </tr>`,
        )}
      </tbody>
    </table></div>`}
  </details>`;
}
