import { readCodes, type Codes } from "./jpeg-codes.ts";
import { findScanEnd, type Windows } from "./jpeg-scan-end.ts";
import { Scan, type Frame } from "./jpeg-scan.ts";

/** As the decoder holds them (libjpeg-turbo 3.1, `jdinput.c`); it refuses a picture beyond. */
const decoderLimits = { sampling: 4, parts: 4, blocks: 10 } as const;

/**
 * How much of a JPEG's picture really is in its data (ITU-T T.81): the least share (0 … 1) that any scan has of its units; null for kinds of
 * coding that are not walked here. A decoder fills what is missing with grey and says nothing; here the codes are walked without making
 * pixels of them, and the units that are whole are counted. Holds one window of the data at a time.
 */
export async function wholeShare(source: Windows, pause: () => Promise<void>): Promise<number | null> {
  const codes = new Map<number, Codes>();
  let frame: Frame | null = null;
  let restart = 0;
  let share = 1;
  for (let at = 2; at + 4 <= source.size;) {
    const [mark, code, high, low] = (await source.read(at, 4)) as unknown as [number, number, number, number];
    if (mark !== 0xff) return share;
    if (code === 0xff) {
      at++;
      continue;
    }
    if (code === 0xd9) break;
    const length = (high << 8) | low;
    const body = (await source.read(at + 4, length - 2)).slice();
    at += 2 + length;
    if (code === 0xc4) readCodes(body, codes);
    else if (code === 0xdd) restart = (body[0]! << 8) | body[1]!;
    else if (code === 0xc0 || code === 0xc1 || code === 0xc2) frame = readFrame(body, code === 0xc2);
    else if (code >= 0xc3 && code <= 0xcf && code !== 0xc8 && code !== 0xcc) return null;
    else if (code === 0xda) {
      if (frame === null) return null;
      const end = await findScanEnd(source, at);
      const scan = readScan(body, frame, codes, restart);
      if (scan !== null) share = Math.min(share, await scan.share(source, { at, end }, pause));
      at = end;
    }
  }
  return share;
}

function readFrame(body: Uint8Array, isProgressive: boolean): Frame | null {
  if (body[0] !== 8) return null;
  const components = Array.from({ length: body[5] ?? 0 }, (_, index) => ({
    id: body[6 + index * 3]!, h: body[7 + index * 3]! >> 4 || 1, v: body[7 + index * 3]! & 15 || 1,
  }));
  if (components.some(({ h, v }) => Math.max(h, v) > decoderLimits.sampling)) return null;
  return { isProgressive, height: (body[1]! << 8) | body[2]!, width: (body[3]! << 8) | body[4]!, components };
}

/** Null for a scan that refines, since what it reads depends on every value before, and for one that the decoder refuses. */
function readScan(body: Uint8Array, frame: Frame, codes: ReadonlyMap<number, Codes>, restart: number): Scan | null {
  const count = body[0] ?? 0;
  if (count === 0 || count > decoderLimits.parts) return null;
  const chosen = Array.from({ length: count }, (_, index) => ({
    component: frame.components.find(({ id }) => id === body[1 + index * 2]),
    dc: codes.get(body[2 + index * 2]! >> 4) ?? null, ac: codes.get(0x10 | (body[2 + index * 2]! & 15)) ?? null,
  }));
  const [from = 0, to = 63, approximation = 0] = body.subarray(1 + count * 2);
  if (approximation >> 4 !== 0 || chosen.some(({ component }) => component === undefined)) return null;
  const parts = chosen.map(({ component, dc, ac }) => ({ component: component!, dc, ac }));
  if (parts.length > 1 && parts.reduce((sum, { component: { h, v } }) => sum + h * v, 0) > decoderLimits.blocks) return null;
  return new Scan(frame, parts, { from, to: frame.isProgressive ? to : 63 }, restart);
}
