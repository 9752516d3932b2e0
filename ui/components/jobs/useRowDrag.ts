import { useRef, useState } from "preact/hooks";

export interface RowDrag {
  readonly id: string;
  /** Its place among the other rows if it were dropped now. */
  readonly to: number;
  /** How far it was moved, for drawing it under the finger. */
  readonly by: number;
}

/** The place among the other rows for a pointer at `y`: after all whose middle lies above it. */
export function placeAt(middles: readonly number[], from: number, y: number): number {
  return middles.filter((middle, index) => index !== from && middle < y).length;
}

/** Moves rows of a list with mouse, pen or finger. The buttons beside it do the same without dragging. */
export function useRowDrag(onDrop: (id: string, to: number) => void) {
  const list = useRef<HTMLOListElement>(null);
  const [drag, setDrag] = useState<RowDrag | null>(null);
  const start = (event: PointerEvent, id: string) => {
    const rows = [...(list.current?.children ?? [])] as HTMLElement[];
    const from = rows.findIndex((row) => row.dataset["id"] === id);
    if (event.button !== 0 || from < 0) return;
    event.preventDefault();
    const handle = event.currentTarget as HTMLElement;
    const middles = rows.map((row) => row.getBoundingClientRect().top + scrollY + row.offsetHeight / 2);
    const startY = event.pageY;
    let to = from;
    const move = (moved: PointerEvent) => {
      to = placeAt(middles, from, moved.pageY);
      setDrag({ id, to, by: moved.pageY - startY });
    };
    const end = (isDrop: boolean) => {
      stop.abort();
      setDrag(null);
      if (isDrop && to !== from) onDrop(id, to);
    };
    const stop = new AbortController();
    const { signal } = stop;
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", move, { signal });
    handle.addEventListener("pointerup", () => end(true), { signal });
    handle.addEventListener("pointercancel", () => end(false), { signal });
    document.addEventListener("keydown", ({ key }) => key === "Escape" && end(false), { signal });
  };
  return { list, drag, start };
}
