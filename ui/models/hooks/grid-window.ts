/** Rows of a grid that are worth drawing: those in view and some around, so that scrolling finds them ready. */
export interface GridWindow {
  readonly first: number;
  readonly last: number;
}

const overscanRows = 3;

/** `top`: where the grid begins relative to the view, negative once it is scrolled past. `last` is not drawn any more. */
export function visibleRows(top: number, viewHeight: number, rowHeight: number, rows: number): GridWindow {
  if (!(rowHeight > 0)) return { first: 0, last: rows };
  const first = Math.max(0, Math.floor(-top / rowHeight) - overscanRows);
  const last = Math.min(rows, Math.ceil((viewHeight - top) / rowHeight) + overscanRows);
  return { first: Math.min(first, rows), last: Math.max(last, Math.min(first, rows)) };
}
