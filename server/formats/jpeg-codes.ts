/** Fast for codes of up to 8 bits: `length << 8 | value` by the next 8 bits, 0 where the code is longer. */
export interface Codes {
  readonly short: Uint16Array;
  readonly maxCode: Int32Array;
  readonly offset: Int32Array;
  readonly values: Uint8Array;
}

/** Takes the tables of one segment (T.81, B.2.4.2) into `into`, each under its class and number. */
export function readCodes(body: Uint8Array, into: Map<number, Codes>): void {
  for (let at = 0; at + 17 <= body.length;) {
    const counts = body.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    into.set(body[at]!, makeCodes(counts, body.subarray(at + 17, at + 17 + total)));
    at += 17 + total;
  }
}

function makeCodes(counts: Uint8Array, values: Uint8Array): Codes {
  const short = new Uint16Array(256);
  const [maxCode, offset] = [new Int32Array(18).fill(-1), new Int32Array(18)];
  let [code, index] = [0, 0];
  for (let length = 1; length <= 16; length++) {
    offset[length] = index - code;
    for (let left = counts[length - 1]!; left > 0; left--, code++, index++) {
      if (length > 8) continue;
      const from = code << (8 - length);
      short.fill((length << 8) | (values[index] ?? 0), from, from + (1 << (8 - length)));
    }
    if (counts[length - 1]! > 0) maxCode[length] = code - 1;
    code <<= 1;
  }
  return { short, maxCode, offset, values };
}
