/** Ids are time-ordered, opaque and safe in a file name: a short prefix and 26 lower-case base32 characters. */
export type IdPrefix = "chr" | "pho" | "lor" | "out" | "job" | "art" | "upl" | "run" | "cor";

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
let lastTime = 0;
let counter = 0;

/** 48 bits of milliseconds, 12 bits of counter within one millisecond, 70 random bits. */
export function newId(prefix: IdPrefix): string {
  const now = Math.max(Date.now(), lastTime);
  counter = now === lastTime ? counter + 1 : 0;
  lastTime = counter > 0xfff ? now + 1 : now;
  if (counter > 0xfff) counter = 0;
  let bits = (BigInt(lastTime) << 82n) | (BigInt(counter) << 70n) | randomBits(70);
  let text = "";
  for (let index = 0; index < 26; index++) {
    text = alphabet[Number(bits & 31n)] + text;
    bits >>= 5n;
  }
  return `${prefix}-${text}`;
}

export const idPattern = "^[a-z]{3}-[0-9a-hjkmnp-tv-z]{26}$";

function randomBits(count: number): bigint {
  const bytes = crypto.getRandomValues(new Uint8Array(Math.ceil(count / 8)));
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return value & ((1n << BigInt(count)) - 1n);
}
