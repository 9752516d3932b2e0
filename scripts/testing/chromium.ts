import { existsSync } from "node:fs";

/** Where browsers usually are; the first is Debian's package. */
export const chromiumPaths = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"] as const;

/** The browser of this machine. Throws with what to do when there is none. */
export function findChromium(): string {
  const found = [process.env["CHROMIUM"], ...chromiumPaths].find((path) => path !== undefined && existsSync(path));
  if (found === undefined) throw new Error("Chromium is needed. Install it (Debian: apt-get install chromium), or name it with CHROMIUM=/path.");
  return found;
}
