import { pngRows } from "../../server/formats/png-rows.ts";
import type { Colour } from "./canvas.ts";

/** A picture made small, to be looked at by its colours. */
export interface Grid {
  readonly width: number;
  readonly height: number;
  at(x: number, y: number): Colour;
}

/** Any picture that Bun reads, squeezed to this size. Rejects what cannot be decoded. */
export async function gridOf(picture: Uint8Array | Blob, width: number, height: number): Promise<Grid> {
  const bytes = picture instanceof Uint8Array ? picture : new Uint8Array(await picture.arrayBuffer());
  const png = await new Bun.Image(bytes).resize(width, height, { fit: "fill", filter: "box" }).png({ compressionLevel: 0 }).bytes();
  if (png[24] !== 8 || png[25] !== 6) throw new Error("This PNG has another form than Bun writes.");
  const rows: Uint8Array[] = [];
  for await (const row of pngRows(png, width)) rows.push(row.slice());
  const at = (x: number, y: number): Colour => {
    const [red = 0, green = 0, blue = 0] = rows[y]!.subarray(x * 4, x * 4 + 3);
    return [red, green, blue];
  };
  return { width, height, at };
}
