/** The version that the recordings and the simulator follow. */
export const toolVersion = "0.33.0";
/** Interrupting one prompt by its id came with this one; without it a cancel could hit somebody else's picture. */
export const oldestVersion = "0.3.57";
/** Older ones have known security holes (GHSA-779p-m5rp-r4h4). */
export const saferVersion = "0.28.0";

export function isOlder(version: string, than: string): boolean {
  const [left, right] = [version, than].map((text) => text.split(".").map((part) => Number.parseInt(part, 10) || 0));
  for (let index = 0; index < 3; index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
