import { html } from "htm/preact";
import { useRef } from "preact/hooks";
import type { Output } from "../../../server/contract/output.ts";
import { useGridKeys } from "../../models/hooks/useGridKeys.ts";
import { useGridWindow } from "../../models/hooks/useGridWindow.ts";
import { SimulatedBadge } from "../kit/Badge.ts";
import { Thumb } from "../kit/Thumb.ts";

export interface OutputGridProps {
  outputs: readonly Output[];
  onOpen: (at: number) => void;
  /** Delete on a tile. */
  onRemove: (output: Output) => void;
}

/** Pictures as tiles; of a large collection only the rows near the view are in the page. */
export function OutputGrid({ outputs, onOpen, onRemove }: OutputGridProps) {
  const box = useRef<HTMLUListElement>(null);
  const { from, to, style } = useGridWindow(box, outputs.length);
  const keys = useGridKeys(box, outputs.length, (at) => onRemove(outputs[at]!));
  // The tile that Tab stops at may be scrolled away; then the nearest one that is drawn stands in for it.
  const stop = Math.min(Math.max(keys.current, from), to - 1);
  return html`<ul class="photos pictures" ref=${box} style=${style} aria-label="Pictures" onKeyDown=${keys.onKeyDown} onFocusIn=${keys.onFocusIn}>
    ${outputs.slice(from, to).map(
      (output, index) => html`<li class="photo" key=${output.id} aria-setsize=${outputs.length} aria-posinset=${from + index + 1}>
        <button type="button" data-at=${from + index} tabindex=${from + index === stop ? 0 : -1} onClick=${() => onOpen(from + index)}>
          <${Thumb} src=${output.thumbnailUrl} alt=${altOf(output)} />
          <${SimulatedBadge} of=${output} />
        </button>
      </li>`,
    )}
  </ul>`;
}

const altLength = 120;

function altOf({ settings }: Output): string {
  const text = settings.prompt.slice(0, altLength);
  return `${text}${settings.prompt.length > altLength ? "…" : ""}, seed ${settings.seed}`;
}
