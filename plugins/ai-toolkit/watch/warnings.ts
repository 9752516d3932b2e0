/** The person's name of a photo, by the name of its file in the dataset. */
export type PhotoName = (file: string) => string;

/** What the program says about a training that goes on although something is wrong. */
const remarks: ReadonlyArray<readonly [RegExp, (found: RegExpExecArray, nameOf: PhotoName) => string]> = [
  [/loss is nan/, () =>
    "The loss became “not a number”: from here on the LoRA learns nothing or is ruined. Stop and train again with a lower learning rate."],
  [/OOM during training step, skipping batch/, () =>
    "The GPU ran out of memory and steps were skipped, which lowers the quality. " +
    "Remove the largest photo size or make the sample pictures smaller."],
  [/Error processing image: (\S.{0,300})/, (found, nameOf) =>
    `A photo could not be read and was left out of the training (${nameOf(found[1]!.slice(found[1]!.lastIndexOf("/") + 1))}).`],
  [/Could not save optimizer/, () =>
    "The optimizer's state could not be saved. If this training is interrupted, it goes on a little rougher. Check the free disk space."],
  [/Failed to load optimizer state/, () =>
    "The optimizer's state could not be read, so the training went on without it. The first steps may be a little rougher."],
  [/Failed to quantize/, () => "A part of the model could not be loaded in 8 bits or fewer; it needs more GPU memory than planned."],
  [/\[AITK\] Database locked/, () =>
    "The status file was locked for a while, which slows the training. Network volumes do that when they are busy."],
];

/** Sentences for the person; the same sentence may come again. */
export function remarksIn(text: string, nameOf: PhotoName = (file) => file): string[] {
  const found: string[] = [];
  for (const [pattern, sentence] of remarks) {
    const match = pattern.exec(text);
    if (match !== null) found.push(sentence(match, nameOf));
  }
  return found;
}
