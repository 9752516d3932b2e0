import { closeSync, ftruncateSync, openSync, statSync, writeSync } from "node:fs";
import { seededRandom } from "../../server/testing/random.ts";

export const damageKinds = ["first page", "some page", "many pages", "cut off", "emptied", "zeros"] as const;

/** What disks and people do to a file that nobody has open. Answers what was done. */
export function damageFile(path: string, seed: number): (typeof damageKinds)[number] {
  const random = seededRandom(seed * 7919 + 1);
  const kind = damageKinds[seed % damageKinds.length]!;
  const { size } = statSync(path);
  const fd = openSync(path, "r+");
  const noise = () => Buffer.from(Array.from({ length: 512 + random(3500) }, () => random(256)));
  const hit = (bytes: Buffer, at: number) => writeSync(fd, bytes, 0, bytes.length, at);
  if (kind === "first page") hit(noise(), random(100));
  if (kind === "some page") hit(noise(), 4096 * (1 + random(Math.max(1, size / 4096 - 2))));
  if (kind === "many pages") for (let page = 1; page < size / 4096; page += 1 + random(4)) hit(noise(), 4096 * page);
  if (kind === "cut off") ftruncateSync(fd, 1 + random(size - 1));
  if (kind === "emptied") ftruncateSync(fd, 0);
  if (kind === "zeros") hit(Buffer.alloc(size), 0);
  closeSync(fd);
  return kind;
}
