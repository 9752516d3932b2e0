/** Loaded when the first photo is looked at: what these stand on (zlib, streams) would cost each start a megabyte. */
export const pictures = {
  meaning: () => import("./meaning.ts"),
  plain: () => import("./plain-picture.ts"),
  wholeness: () => import("./wholeness.ts"),
} as const;
