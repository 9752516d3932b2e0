import { statSync } from "node:fs";
import { dirname } from "node:path";

/** Which disk a path lies on, or will lie on once it is made; null where that cannot be told. */
export function deviceOf(path: string): number | null {
  for (let at = path; ; at = dirname(at)) {
    const facts = statSync(at, { throwIfNoEntry: false });
    if (facts !== undefined) return facts.dev;
    if (dirname(at) === at) return null;
  }
}
