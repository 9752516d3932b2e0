import { FileSource } from "../files/byte-source.ts";
import { wholeShare } from "../formats/jpeg-entropy.ts";
import { pngRows } from "../formats/png-rows.ts";
import { turn } from "../base/wait.ts";
import { PictureFault } from "./strip-plan.ts";
import { decoding } from "./decoding.ts";

/** The thumbnail is looked at in this size, and so many pixels of its edges at each corner. */
const side = 48;
const corner = 10;
/** What a decoder puts where no data is left: every value is zero, which means the middle of each channel (libjpeg-turbo 3.1, `jdhuff.c`). */
const filling = 128;
/** The rounding of the decoder and of the thumbnail. */
const sameWithin = 6;

/**
 * Throws `PictureFault` where a JPEG's data ends before its picture: a decoder fills the rest with grey and says nothing. Walking the data
 * is dear: do it where the mark of the end is missing, where a corner of the picture is grey, and before it is written anew.
 * Nothing is decoded beside it, so that what both hold is not added up.
 */
export async function assertWhole(path: string): Promise<void> {
  const share = await decoding.run(2, async () => {
    const source = await FileSource.open(path);
    return wholeShare(source, turn).finally(() => source.close());
  });
  if (share === null || share >= 1) return;
  const percent = Math.floor(share * 100);
  throw new PictureFault(`is cut off: only the upper ${percent} % of the picture is there. Copy it again from where it came.`);
}

/**
 * The last data of a picture makes one of its corners, which one its orientation tells; any that is of the decoder's grey is reason
 * enough. Only of a picture without a colour profile: there the grey is another one.
 */
export async function hasGreyCorner(thumbnail: string): Promise<boolean> {
  const image = new Bun.Image(await Bun.file(thumbnail).bytes());
  const rows: Uint8Array[] = [];
  for await (const row of pngRows(await image.resize(side, side).png({ compressionLevel: 0 }).bytes(), side)) rows.push(row.slice());
  const pixel = (x: number, y: number) => rows[y]!.subarray(x * 4, x * 4 + 3);
  const steps = Array.from({ length: corner }, (_, step) => step);
  const edges = [0, side - 1].flatMap((edge) => [0, side - corner].flatMap((from) => [
    steps.map((step) => pixel(from + step, edge)), steps.map((step) => pixel(edge, from + step)),
  ]));
  return edges.some((pixels) => pixels.every((pixel) => pixel.every((value) => Math.abs(value - filling) <= sameWithin)));
}
