import { expect, test } from "bun:test";
import { visibleRows } from "./grid-window.ts";

test("only the rows near the view are drawn, whatever the size of the collection", () => {
  expect(visibleRows(0, 800, 200, 5000)).toEqual({ first: 0, last: 7 });
  expect(visibleRows(-100_000, 800, 200, 5000)).toEqual({ first: 497, last: 507 });
});

test("the end of the collection is the end", () => {
  expect(visibleRows(-1_000_000, 800, 200, 5000)).toEqual({ first: 4997, last: 5000 });
});

test("everything is drawn while nothing has a size", () => {
  expect(visibleRows(0, 0, 0, 12)).toEqual({ first: 0, last: 12 });
});
