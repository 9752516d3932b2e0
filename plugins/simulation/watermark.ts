import type { Canvas } from "./canvas.ts";

/** Letters of five columns and seven rows; each number is a row, its highest bit on the left. */
const letters: Readonly<Record<string, readonly number[]>> = {
  S: [14, 17, 16, 14, 1, 17, 14], I: [14, 4, 4, 4, 4, 4, 14], M: [17, 27, 21, 21, 17, 17, 17], U: [17, 17, 17, 17, 17, 17, 14],
  L: [16, 16, 16, 16, 16, 16, 31], A: [14, 17, 17, 31, 17, 17, 17], T: [31, 4, 4, 4, 4, 4, 4], E: [31, 16, 16, 30, 16, 16, 31], D: [30, 17, 17, 17, 17, 17, 30],
};

const word = "SIMULATED";
const advance = 6;
const letterRows = 7;
/** The word takes about a third of the width. */
const unitsAcross = 170;

/** "SIMULATED" in the lower left corner, light on dark, so that it is read on every picture and at every size. */
export function drawWatermark(canvas: Canvas): void {
  const dot = Math.max(1, Math.round(canvas.width / unitsAcross));
  const margin = 2 * dot;
  const wide = word.length * advance * dot;
  const top = canvas.height - margin - (letterRows + 4) * dot;
  canvas.rectangle({ x: margin, y: top, width: wide + 3 * dot, height: (letterRows + 4) * dot, colour: [20, 22, 28], alpha: 0.62 });
  for (const [at, letter] of [...word].entries()) {
    for (const [row, bits] of letters[letter]!.entries()) {
      for (let column = 0; column < 5; column++) {
        if ((bits & (16 >> column)) === 0) continue;
        const x = margin + 2 * dot + (at * advance + column) * dot;
        canvas.rectangle({ x, y: top + (row + 2) * dot, width: dot, height: dot, colour: [250, 250, 250], alpha: 0.95 });
      }
    }
  }
}
