import { html } from "htm/preact";
import type { ImageCapabilities } from "../../../server/contract/backend.ts";
import { generateText as text } from "../../text/generate.ts";

type Shape = ImageCapabilities["aspectRatios"][number];

/** Longer side of the drawn rectangle. */
const longSidePx = 26;

/** The shapes as shapes, each with its size in pixels. */
export function AspectPicker({ shapes, chosen, onChoose }: { shapes: readonly Shape[]; chosen: string | undefined; onChoose: (id: string) => void }) {
  const current = shapes.find((shape) => shape.id === chosen);
  return html`<fieldset class="field">
    <legend class="label">${text.shape}</legend>
    <div class="shapes">
      ${shapes.map(
        (shape) => html`<label class="shape" key=${shape.id} title=${`${shape.label}, ${shape.width} × ${shape.height}`}>
          <input class="hide" type="radio" name="shape" value=${shape.id} checked=${shape.id === chosen} onChange=${() => onChoose(shape.id)} />
          <span class="outline" aria-hidden="true" style=${outline(shape)}></span>
          <span class="num">${shape.id}</span>
          <span class="hide">${shape.label}, ${shape.width} by ${shape.height} pixels</span>
        </label>`,
      )}
    </div>
    ${current && html`<p class="hint num">${current.label}, ${current.width} × ${current.height} pixels</p>`}
  </fieldset>`;
}

function outline({ width, height }: Shape): { width: string; height: string } {
  const scale = longSidePx / Math.max(width, height);
  return { width: `${Math.round(width * scale)}px`, height: `${Math.round(height * scale)}px` };
}
