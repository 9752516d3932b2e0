import { Slots } from "./slots.ts";

/** Work that holds all pixels of a picture takes both. */
export const decoding = new Slots(2);
