/** Bytes that are looked at in windows. `read` gives fewer bytes only at the end; what it gave is valid until the next `read`. */
export interface Windows {
  readonly size: number;
  read(at: number, length: number): Promise<Uint8Array>;
}

export const scanWindowBytes = 64 * 1024;

/** Where the entropy-coded data that begin at `start` end: at an FF that is neither stuffed, a restart, nor fill; else at the end of the bytes. */
export async function findScanEnd(source: Windows, start: number): Promise<number> {
  for (let at = start; at < source.size;) {
    const window = await source.read(at, scanWindowBytes);
    let found = window.indexOf(0xff);
    for (; found >= 0 && found + 1 < window.length; found = window.indexOf(0xff, found + 1)) {
      const next = window[found + 1]!;
      if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at + found;
    }
    // An FF in the last byte is looked at again with its neighbour.
    const step = found >= 0 ? found : window.length;
    if (step === 0 || (found >= 0 && at + step + 1 >= source.size)) break;
    at += step;
  }
  return source.size;
}
