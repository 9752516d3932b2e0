/** What is wrong with a text that should be JSON, and where. Lines and columns count from 1. */
export interface JsonProblem {
  readonly line: number;
  readonly column: number;
  /** Goes on after "line 1, column 4: ". */
  readonly why: string;
}

/** Deeper than any request or file of ours; a deeper one is refused before it can exhaust the stack. */
const deepest = 64;

/** Null where `text` is one JSON value (RFC 8259) and no object in it has a name twice, which `JSON.parse` would accept silently. */
export function jsonProblem(text: string): JsonProblem | null {
  try {
    new Reader(text).readAll();
    return null;
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    const before = text.slice(0, error.at).split("\n");
    return { line: before.length, column: before.at(-1)!.length + 1, why: error.message };
  }
}

class Broken extends Error {
  constructor(readonly at: number, why: string) {
    super(why);
  }
}

/** A whole number or word, up to where the next sign of the grammar begins. */
const knownWord = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![^\s,:[\]{}"])/y;

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  readAll(): void {
    this.skipSpace();
    if (this.at === this.text.length) this.fail("there is nothing in it");
    this.readValue(0);
    this.skipSpace();
    if (this.at < this.text.length) this.fail(`there is more after the end: ${this.shown()}`);
  }

  private readValue(depth: number): void {
    if (depth > deepest) this.fail(`it is nested deeper than ${deepest} levels`);
    const sign = this.text[this.at];
    if (sign === "{") this.readList("}", (names) => this.readMember(names, depth));
    else if (sign === "[") this.readList("]", () => this.readValue(depth + 1));
    else if (sign === '"') this.readString();
    else this.readWord();
  }

  private readList(end: "}" | "]", readOne: (names: Set<string>) => void): void {
    this.at++;
    this.skipSpace();
    if (this.take(end)) return;
    const names = new Set<string>();
    for (;;) {
      readOne(names);
      this.skipSpace();
      if (this.take(end)) return;
      if (!this.take(",")) this.fail(this.at === this.text.length ? `the closing ${end} is missing` : `a comma or ${end} is expected, not ${this.shown()}`);
      this.skipSpace();
      if (this.text[this.at] === end) this.fail(`a comma before ${end} is one too many`);
    }
  }

  private readMember(names: Set<string>, depth: number): void {
    if (this.text[this.at] !== '"') this.fail(`a name in double quotes is expected, not ${this.shown()}`);
    const start = this.at;
    const name = this.readString();
    if (names.has(name)) this.failAt(start, `the name ${JSON.stringify(name)} stands there twice`);
    names.add(name);
    this.skipSpace();
    if (!this.take(":")) this.fail(`a colon is expected after the name, not ${this.shown()}`);
    this.skipSpace();
    this.readValue(depth + 1);
  }

  private readString(): string {
    const start = this.at;
    for (this.at++; this.at < this.text.length; this.at++) {
      const sign = this.text[this.at]!;
      if (sign === '"') return this.asString(start, ++this.at);
      if (sign < " ") this.fail("a line break or control character may not stand inside a text; write \\n");
      if (sign === "\\") this.at++;
    }
    return this.failAt(start, "the closing quote of this text is missing");
  }

  private asString(start: number, end: number): string {
    try {
      return JSON.parse(this.text.slice(start, end)) as string;
    } catch {
      return this.failAt(start, "this text has a backslash that begins no known sign; a plain backslash is written \\\\");
    }
  }

  private readWord(): void {
    knownWord.lastIndex = this.at;
    if (knownWord.test(this.text)) {
      this.at = knownWord.lastIndex;
      return;
    }
    const [word] = /^[^\s,:[\]{}"]*/.exec(this.text.slice(this.at, this.at + 400))!;
    this.fail(whyNoValue(word, this.shown()));
  }

  private skipSpace(): void {
    let code = this.text.charCodeAt(this.at);
    while (code === 0x20 || (code >= 0x09 && code <= 0x0d && code !== 0x0b && code !== 0x0c)) code = this.text.charCodeAt(++this.at);
    if (code === 0x2f || code === 0x23) this.fail("JSON has no comments; remove it");
  }

  private take(sign: string): boolean {
    if (this.text[this.at] !== sign) return false;
    this.at++;
    return true;
  }

  private shown(): string {
    return this.at >= this.text.length ? "the end" : JSON.stringify(this.text.slice(this.at, this.at + 12));
  }

  private fail(why: string): never {
    return this.failAt(this.at, why);
  }

  private failAt(at: number, why: string): never {
    throw new Broken(at, why);
  }
}

function whyNoValue(word: string, shown: string): string {
  if (word === "") return shown === "the end" ? "it ends in the middle" : `a value is expected, not ${shown}`;
  if (word.startsWith("'")) return "a text stands in double quotes, not in single ones";
  if (/^(True|False|None)$/.test(word)) return `${word} is written ${word === "None" ? "null" : word.toLowerCase()}`;
  return `${JSON.stringify(word.slice(0, 40))} is no value; a text stands in double quotes`;
}

/** The text of bytes that have to be UTF-8, or why they are none. A mark at the beginning is named, not skipped. */
export function readUtf8(bytes: Uint8Array): { readonly text: string } | { readonly problem: string } {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return { problem: "it begins with a byte order mark; save it as UTF-8 without one (\"UTF-8\", not \"UTF-8 with BOM\")" };
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff) || looksWide(bytes)) return { problem: "it is UTF-16; save it as UTF-8" };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { problem: "it is not UTF-8, perhaps Latin-1 or Windows-1252; save it as UTF-8" };
  }
}

/** UTF-16 without a mark: every second byte of plain text is zero. */
function looksWide(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && (bytes[0] === 0) !== (bytes[1] === 0);
}
