import { FileSource } from "../files/byte-source.ts";
import { decodeApart, type Decoded, type DecodeTask } from "./apart.ts";
import { drawThumbnail } from "./draw.ts";
import { pictures } from "./on-demand.ts";

/** Pixels that are passed over, about a second's. A process of its own costs a tenth of one and 40 MB, so what is less is decoded here. */
const apartAbove = 30_000_000;
/** A pixel that is turned into sRGB takes that many times as long as one that is made small. */
const plainFactor = 15;

/** `passes`: how often the file passes over its pixels. Rejects as `decodeApart` does; what is decoded here goes to its end. */
export function decode(task: DecodeTask, { pixels, passes }: { pixels: number; passes: number }, signal?: AbortSignal): Promise<Decoded> {
  const work = pixels * (task.kind === "plain" ? Math.max(plainFactor, passes) : passes);
  return work > apartAbove ? decodeApart(task, signal) : decodeHere(task);
}

export async function decodeHere({ kind, path, format, orientation, target }: DecodeTask): Promise<Decoded> {
  if (kind === "thumbnail") {
    await drawThumbnail(path, target, format, orientation);
    return null;
  }
  const [{ meaningOf }, { plainPicture }] = await Promise.all([pictures.meaning(), pictures.plain()]);
  const source = await FileSource.open(path);
  const meaning = await meaningOf(format, source).finally(() => source.close());
  return plainPicture(path, format, orientation, meaning, target);
}
