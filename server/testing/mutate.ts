/** What damaged disks, cut transfers and other programs do to bytes: one to four small changes, chosen by `random`. */
export function mutate(bytes: Uint8Array, random: (limit: number) => number): Uint8Array<ArrayBuffer> {
  let changed = Uint8Array.from(bytes);
  for (let left = 1 + random(4); left > 0; left--) changed = changes[random(changes.length)]!(changed, random);
  return changed;
}

type Random = (limit: number) => number;
type Change = (bytes: Uint8Array<ArrayBuffer>, random: Random) => Uint8Array<ArrayBuffer>;

/** Values on which readers of lengths, counts and texts stumble. */
const awkward = [0, 1, 9, 10, 13, 0x1b, 0x20, 0x22, 0x2c, 0x2f, 0x5c, 0x7b, 0x7d, 0x7f, 0x80, 0xc3, 0xed, 0xfe, 0xff];

const changes: readonly Change[] = [
  (bytes, random) => put(bytes, random, (old) => old ^ (1 << random(8))),
  (bytes, random) => put(bytes, random, () => awkward[random(awkward.length)]!),
  (bytes, random) => put(bytes, random, () => random(256)),
  (bytes, random) => bytes.slice(0, random(bytes.length + 1)),
  (bytes, random) => bytes.slice(random(bytes.length + 1)),
  (bytes, random) => splice(bytes, random, new Uint8Array(random(40)).fill(awkward[random(awkward.length)]!)),
  (bytes, random) => splice(bytes, random, piece(bytes, random)),
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    return join(bytes.slice(0, from), bytes.slice(to));
  },
];

function put(bytes: Uint8Array<ArrayBuffer>, random: Random, value: (old: number) => number): Uint8Array<ArrayBuffer> {
  if (bytes.length === 0) return bytes;
  const at = random(bytes.length);
  bytes[at] = value(bytes[at]!);
  return bytes;
}

function splice(bytes: Uint8Array<ArrayBuffer>, random: Random, inserted: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const at = random(bytes.length + 1);
  return join(bytes.slice(0, at), inserted, bytes.slice(at));
}

function piece(bytes: Uint8Array<ArrayBuffer>, random: Random): Uint8Array<ArrayBuffer> {
  return bytes.slice(...range(bytes, random));
}

function range(bytes: Uint8Array, random: Random): [from: number, to: number] {
  const from = random(bytes.length + 1);
  return [from, Math.min(bytes.length, from + random(64))];
}

function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(parts));
}
