import { t } from "elysia";

/**
 * Both ends belong to it; without an upper one it ends where numbers stop being exact. `t.Integer` would take texts too, and
 * builds its check each time while the program starts.
 */
export function wholeNumber(range: { minimum: number; maximum?: number }) {
  return t.Number({ maximum: Number.MAX_SAFE_INTEGER, ...range, multipleOf: 1 });
}
