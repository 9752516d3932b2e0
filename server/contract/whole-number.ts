import { t } from "elysia";

/** Both ends belong to it. `t.Integer` would take texts too, and builds its check each time while the program starts. */
export function wholeNumber(range: { minimum: number; maximum?: number }) {
  return t.Number({ ...range, multipleOf: 1 });
}
