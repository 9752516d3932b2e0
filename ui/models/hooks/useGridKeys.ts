import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

export interface GridKeys {
  /** The one tile that Tab stops at. */
  readonly current: number;
  onKeyDown: (event: KeyboardEvent) => void;
  onFocusIn: (event: FocusEvent) => void;
}

/**
 * Arrows, Home and End move between the buttons that carry `data-at`, and the whole grid is one tab stop. A tile that is
 * not drawn is scrolled to and gets the focus once it is.
 */
export function useGridKeys(box: RefObject<HTMLElement | null>, count: number, onDelete?: (at: number) => void): GridKeys {
  const [at, setAt] = useState(0);
  const wanted = useRef<number | null>(null);
  const current = Math.max(0, Math.min(at, count - 1));
  useLayoutEffect(() => {
    if (wanted.current === null || !box.current) return;
    const tile = box.current.querySelector<HTMLElement>(`[data-at="${wanted.current}"]`);
    if (!tile) return scrollTowards(box.current, wanted.current);
    wanted.current = null;
    tile.focus();
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const from = tileOf(event.target);
    if (from === null || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Delete" && onDelete) {
      wanted.current = Math.min(from, count - 2);
      return onDelete(from);
    }
    const next = target(event.key, from, count, columnsOf(box.current));
    if (next === null) return;
    event.preventDefault();
    wanted.current = next;
    setAt(next);
    // The state may be the same already, and then nothing is drawn anew.
    const tile = box.current?.querySelector<HTMLElement>(`[data-at="${next}"]`);
    if (tile) tile.focus();
    else if (box.current) scrollTowards(box.current, next);
  };
  const onFocusIn = (event: FocusEvent) => {
    const focused = tileOf(event.target);
    if (focused !== null) setAt(focused);
  };
  return { current, onKeyDown, onFocusIn };
}

function target(key: string, from: number, count: number, columns: number): number | null {
  const steps: Readonly<Record<string, number>> = { ArrowLeft: from - 1, ArrowRight: from + 1, ArrowUp: from - columns, ArrowDown: from + columns, Home: 0, End: count - 1 };
  const next = steps[key];
  if (next === undefined) return null;
  // Below the last full row there is still a last tile.
  if (key === "ArrowDown" && next >= count) return count - 1;
  return next >= 0 && next < count ? next : from;
}

function tileOf(element: EventTarget | null): number | null {
  const at = (element as HTMLElement | null)?.dataset?.["at"];
  return at === undefined ? null : Number(at);
}

function columnsOf(grid: HTMLElement | null): number {
  return grid ? Math.max(1, getComputedStyle(grid).gridTemplateColumns.split(" ").length) : 1;
}

/** All rows are alike, so the drawn ones tell where the others are. */
function scrollTowards(grid: HTMLElement, at: number): void {
  const tile = grid.querySelector<HTMLElement>("[data-at]")?.closest("li");
  if (!tile) return;
  const gap = Number.parseFloat(getComputedStyle(grid).rowGap) || 0;
  const top = Math.floor(at / columnsOf(grid)) * (tile.offsetHeight + gap);
  scrollTo({ top: scrollY + grid.getBoundingClientRect().top + top - innerHeight / 2 });
}
