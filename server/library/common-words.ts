/**
 * Words that the base model already knows well. A trigger word among them would pull the person towards the thing, and
 * the thing towards the person. A short list on purpose: it catches what people really type. Rare tokens
 * that people choose on purpose (ohwx, sks, zwx) are no words and stay allowed.
 */
export const commonWords: ReadonlySet<string> = new Set(
  (
    "man woman men women person people human girl boy kid child children baby guy lady male female mother father mom dad " +
    "sister brother wife husband friend couple family model actor actress singer player teacher doctor nurse king queen " +
    "prince princess hero warrior soldier knight wizard witch angel demon robot cyborg alien monster vampire zombie " +
    "face head hair eye eyes nose mouth lips smile hand hands body skin portrait photo picture image painting drawing " +
    "sketch art anime cartoon style realistic character subject self selfie me you him her she he they we it " +
    "dog cat horse bird fish bear lion tiger wolf fox rabbit mouse snake dragon cow pig sheep monkey elephant " +
    "car bike train plane ship boat house home room kitchen street city town village forest tree flower garden mountain " +
    "river lake sea ocean beach island sky sun moon star cloud rain snow fire water earth light night day morning evening " +
    "red green blue yellow black white pink purple orange brown gray grey gold silver dark bright small big tall short " +
    "old young new happy sad angry beautiful pretty cute hot cold good bad nice cool test testing hello world one two three " +
    "dress shirt suit coat hat shoe shoes glasses bag ring watch phone computer camera book table chair bed door window " +
    "food cake bread apple coffee tea wine beer music dance sport game ball guitar piano sword gun ice rose lily daisy " +
    "jasmine ruby amber pearl crystal summer winter spring autumn april may june august john mary anna emma james robert " +
    "michael david maria sarah laura julia lisa peter paul mark thomas alex max sam tom jack kate alice sophie olivia ava " +
    "mia ella lucy grace chloe emily lily leo noah liam oliver lucas henry the and for with from token trigger word"
  ).split(" "),
);
