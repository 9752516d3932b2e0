import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { visibleRows, type GridWindow } from "./grid-window.ts";

/** Below this many tiles the plain grid is fast enough and better for the browser's own search. */
const windowFrom = 200;

interface Layout extends GridWindow {
  readonly columns: number;
  readonly rowPx: number;
}

export interface GridSlice {
  readonly from: number;
  readonly to: number;
  /** Room for the rows that are not drawn. */
  readonly style: { paddingTop: string; paddingBottom: string } | undefined;
}

/** Of a large grid only the rows near the view are drawn. All rows are alike, so the first tile tells the geometry. */
export function useGridWindow(box: RefObject<HTMLElement | null>, count: number): GridSlice {
  const layout = useLayout(box, count);
  if (!layout) return { from: 0, to: count > windowFrom ? windowFrom : count, style: undefined };
  const below = Math.max(0, Math.ceil(count / layout.columns) - layout.last) * layout.rowPx;
  return {
    from: layout.first * layout.columns,
    to: Math.min(count, layout.last * layout.columns),
    style: { paddingTop: `${layout.first * layout.rowPx}px`, paddingBottom: `${below}px` },
  };
}

/** The same object again, so that scrolling inside a row draws nothing. */
function keepIfSame(before: Layout | null, next: Layout): Layout {
  const isSame = before?.first === next.first && before.last === next.last && before.columns === next.columns && before.rowPx === next.rowPx;
  return isSame ? before : next;
}

function useLayout(box: RefObject<HTMLElement | null>, count: number): Layout | null {
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
      const tile = grid?.querySelector("li");
      if (!grid || !tile) return;
      const style = getComputedStyle(grid);
      const columns = Math.max(1, style.gridTemplateColumns.split(" ").length);
      const rowPx = tile.getBoundingClientRect().height + (Number.parseFloat(style.rowGap) || 0);
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
