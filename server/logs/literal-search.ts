const asciiSize = 128;
/** Below it are the codes whose lower case is known without a look at other alphabets; DEL is a hidden mark. */
const firstUnsure = 0x7f;
const found = -1;

/**
 * Tells in one pass over a text whether one of many literals may occur in it, in any case: the automaton of Aho and
 * Corasick (1975), whose cost does not grow with the number of literals. A text with a character beyond printable ASCII
 * may always hold one. Memory: some 200 bytes for each character of the literals.
 */
export class LiteralSearch {
  /** Column of each code in a row; column 0 is for all that stand in no literal. */
  private readonly columns = new Uint8Array(asciiSize);
  private readonly width: number;
  /** Rows of the automaton one behind the other; a cell is where the next row begins, or `found`. */
  private readonly next: Int32Array;

  /** Empty literals are left out. */
  constructor(literals: readonly string[]) {
    const words = literals.map((literal) => literal.toLowerCase()).filter((word) => word !== "" && isAscii(word));
    const letters = [...new Set(words.join(""))];
    letters.forEach((letter, index) => {
      this.columns[letter.charCodeAt(0)] = index + 1;
      this.columns[letter.toUpperCase().charCodeAt(0)] = index + 1;
    });
    this.width = letters.length + 1;
    this.next = new Int32Array(this.width * (words.join("").length + 1));
    this.link(this.grow(words));
  }

  mayOccurIn(text: string): boolean {
    const { columns, next } = this;
    let row = 0;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code >= firstUnsure) return true;
      row = next[row + columns[code]!]!;
      if (row === found) return true;
    }
    return false;
  }

  /** A tree of the words; 0 stands for no branch, as no branch leads back to the root. The rows, shortest way first. */
  private grow(words: readonly string[]): number[] {
    const { next, width } = this;
    const depths: number[] = [0];
    for (const word of words) {
      let row = 0;
      for (let at = 0; at < word.length && row !== found; at++) {
        const cell = row + this.columns[word.charCodeAt(at)]!;
        if (at === word.length - 1) next[cell] = found;
        else if (next[cell] === 0) {
          next[cell] = depths.length * width;
          depths.push(at + 1);
        }
        row = next[cell]!;
      }
    }
    return [...depths.keys()].sort((one, other) => depths[one]! - depths[other]!).map((number) => number * width);
  }

  /** Where a row has no branch, the longest ending of what was read that begins a word tells how to go on. */
  private link(rows: readonly number[]): void {
    const { next, width } = this;
    const endings = new Map<number, number>();
    for (const row of rows) {
      const ending = endings.get(row) ?? 0;
      for (let column = 0; column < width; column++) {
        const branch = next[row + column]!;
        const onward = row === 0 ? 0 : next[ending + column]!;
        if (onward === found || branch === 0) next[row + column] = onward;
        else if (branch !== found) endings.set(branch, onward);
      }
    }
  }
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) >= firstUnsure) return false;
  return true;
}
