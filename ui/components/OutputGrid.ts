import { html } from "htm/preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Output } from "../../server/contract/output.ts";
import { visibleRows, type GridWindow } from "../models/grid-window.ts";
import { SimulatedBadge } from "./Badge.ts";
import { Thumb } from "./Thumb.ts";

/** Below this many tiles the plain grid is fast enough and better for the browser's own search. */
const windowFrom = 200;

interface Layout extends GridWindow {
  readonly columns: number;
  readonly rowPx: number;
}

/** Pictures as tiles; of a large collection only the rows near the view are in the page. */
export function OutputGrid({ outputs, onOpen }: { outputs: readonly Output[]; onOpen: (at: number) => void }) {
  const box = useRef<HTMLUListElement>(null);
  const layout = useLayout(box, outputs.length);
  const from = layout ? layout.first * layout.columns : 0;
  const to = layout ? layout.last * layout.columns : outputs.length;
  const below = layout ? Math.max(0, Math.ceil(outputs.length / layout.columns) - layout.last) * layout.rowPx : 0;
  const style = layout ? { paddingTop: `${layout.first * layout.rowPx}px`, paddingBottom: `${below}px` } : undefined;
  return html`<ul class="photos pictures" ref=${box} style=${style} aria-label="Pictures">
    ${outputs.slice(from, to).map(
      (output, index) => html`<li class="photo" key=${output.id} aria-setsize=${outputs.length} aria-posinset=${from + index + 1}>
        <button type="button" data-at=${from + index} onClick=${() => onOpen(from + index)}>
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

/** The same object again, so that scrolling inside a row draws nothing. */
function keepIfSame(before: Layout | null, next: Layout): Layout {
  const isSame = before?.first === next.first && before.last === next.last && before.columns === next.columns && before.rowPx === next.rowPx;
  return isSame ? before : next;
}

/** null while the grid is small. Tiles are square and all rows alike, so one tile tells the whole geometry. */
function useLayout(box: { current: HTMLUListElement | null }, count: number): Layout | null {
  const [layout, setLayout] = useState<Layout | null>(null);
  useLayoutEffect(() => {
    if (count <= windowFrom) {
      setLayout(null);
      return;
    }
    let frame = 0;
    const measure = () => {
      frame = 0;
      const grid = box.current;
      if (!grid) return;
      const style = getComputedStyle(grid);
      const columns = Math.max(1, style.gridTemplateColumns.split(" ").length);
      const gap = Number.parseFloat(style.rowGap) || 0;
      const rowPx = (grid.clientWidth - gap * (columns - 1)) / columns + gap;
      const rows = visibleRows(grid.getBoundingClientRect().top, innerHeight, rowPx, Math.ceil(count / columns));
      setLayout((before) => keepIfSame(before, { ...rows, columns, rowPx }));
    };
    const later = () => (frame ||= requestAnimationFrame(measure));
    measure();
    addEventListener("scroll", later, { passive: true });
    addEventListener("resize", later);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener("scroll", later);
      removeEventListener("resize", later);
    };
  }, [count]);
  return layout;
}
