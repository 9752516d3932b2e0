import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { nameOf, neighbour, stepWords, type Cell, type SampleTable } from "../../models/training/samples.ts";
import { Button } from "../kit/Button.ts";
import { Dialog } from "../kit/Dialog.ts";

export interface SampleViewerProps {
  table: SampleTable;
  prompts: readonly string[];
  cell: Cell;
  onMove: (cell: Cell) => void;
  onClose: () => void;
}

/** One test picture large. Left and right go through the steps, up and down through the prompts. */
export function SampleViewer({ table, prompts, cell, onMove, onClose }: SampleViewerProps) {
  const picture = table.at(cell.step, cell.promptIndex);
  const earlier = neighbour(table, cell, "step", -1);
  const later = neighbour(table, cell, "step", 1);
  const above = neighbour(table, cell, "prompt", -1);
  const below = neighbour(table, cell, "prompt", 1);
  const moves: Readonly<Record<string, Cell | null>> = { ArrowLeft: earlier, ArrowRight: later, ArrowUp: above, ArrowDown: below };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const next = moves[event.key];
      if (!next) return;
      event.preventDefault();
      onMove(next);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  });
  useEffect(() => {
    for (const near of [earlier, later]) if (near) new Image().src = table.at(near.step, near.promptIndex)!.url;
  }, [cell.step, cell.promptIndex]);
  const name = nameOf(prompts, cell.promptIndex);
  const go = (to: Cell | null) => to && onMove(to);
  const end = (to: Cell | null, words: string) => (to ? null : words);
  return html`<${Dialog} shape="viewer" title=${stepWords(cell.step)} onClose=${onClose}>
    <figure class="viewer-picture">${picture && html`<img src=${picture.url} alt=${`${name}, ${stepWords(cell.step)}`} />`}</figure>
    <div class="stack">
      <p class="small clamp">${name}</p>
      <div class="row wrap apart">
        <span class="row">
          <${Button} icon="left" unavailable=${end(earlier, "This is the first step.")} onClick=${() => go(earlier)}>Earlier<//>
          <${Button} icon="right" unavailable=${end(later, "This is the newest step.")} onClick=${() => go(later)}>Later<//>
        </span>
        ${table.promptIndexes.length > 1 &&
        html`<span class="row">
          <${Button} unavailable=${end(above, "This is the first prompt.")} onClick=${() => go(above)}>Previous prompt<//>
          <${Button} unavailable=${end(below, "This is the last prompt.")} onClick=${() => go(below)}>Next prompt<//>
        </span>`}
        ${picture && html`<${Button} icon="download" href=${picture.url} download=${picture.name}>Download<//>`}
      </div>
    </div>
  <//>`;
}
