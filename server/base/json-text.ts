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
    return { ...placeOf(text, error.at), why: error.message };
  }
}

function placeOf(text: string, at: number): { line: number; column: number } {
  let line = 1;
  let begin = 0;
  for (let end = text.indexOf("\n"); end >= 0 && end < at; end = text.indexOf("\n", begin)) {
    line++;
    begin = end + 1;
  }
  return { line, column: at - begin + 1 };
}

class Broken extends Error {
  constructor(readonly at: number, why: string) {
    super(why);
  }
}

const quote = 0x22, comma = 0x2c, slash = 0x2f, colon = 0x3a, backslash = 0x5c, hash = 0x23;
const openBrace = 0x7b, closeBrace = 0x7d, openBracket = 0x5b, closeBracket = 0x5d;
const value = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const known = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;
const wordSign = /[^\s,:[\]{}"]/y;

/** Walks once over the text, sign by sign: a megabyte in some 30 ms. */
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

  private get sign(): number {
    return this.text.charCodeAt(this.at);
  }

  private readValue(depth: number): void {
    if (depth > deepest) this.fail(`it is nested deeper than ${deepest} levels`);
    const { sign } = this;
    if (sign === openBrace) this.readObject(depth);
    else if (sign === openBracket) this.readArray(depth);
    else if (sign === quote) this.passString();
    else this.passWord();
  }

  private readArray(depth: number): void {
    if (this.isEmptyList(closeBracket)) return;
    do this.readValue(depth + 1);
    while (this.goesOn(closeBracket));
  }

  private readObject(depth: number): void {
    if (this.isEmptyList(closeBrace)) return;
    const names = new Set<string>();
    do this.readMember(names, depth);
    while (this.goesOn(closeBrace));
  }

  private isEmptyList(end: number): boolean {
    this.at++;
    this.skipSpace();
    return this.take(end);
  }

  /** Behind an entry: false at the end of the list, true at the next entry. */
  private goesOn(end: number): boolean {
    this.skipSpace();
    if (this.take(end)) return false;
    const shown = String.fromCharCode(end);
    if (!this.take(comma)) this.fail(this.at >= this.text.length ? `the closing ${shown} is missing` : `a comma or ${shown} is expected, not ${this.shown()}`);
    this.skipSpace();
    if (this.sign === end) this.fail(`a comma before ${shown} is one too many`);
    return true;
  }

  private readMember(names: Set<string>, depth: number): void {
    if (this.sign !== quote) this.fail(`a name in double quotes is expected, not ${this.shown()}`);
    const start = this.at;
    this.passString();
    const written = this.text.slice(start + 1, this.at - 1);
    const name = written.includes("\\") ? (JSON.parse(`"${written}"`) as string) : written;
    if (names.has(name)) this.failAt(start, `the name ${JSON.stringify(name.slice(0, 60))} stands there twice`);
    names.add(name);
    this.skipSpace();
    if (!this.take(colon)) this.fail(`a colon is expected after the name, not ${this.shown()}`);
    this.skipSpace();
    this.readValue(depth + 1);
  }

  private passString(): void {
    const start = this.at++;
    for (let sign = this.sign; sign !== quote; sign = this.sign) {
      if (Number.isNaN(sign)) this.failAt(start, "the closing quote of this text is missing");
      if (sign < 0x20) this.fail("a line break or control character may not stand inside a text; write \\n");
      if (sign === backslash) this.passEscape(start);
      else this.at++;
    }
    this.at++;
  }

  private passEscape(start: number): void {
    known.lastIndex = this.at;
    if (this.at + 1 >= this.text.length) this.failAt(start, "the closing quote of this text is missing");
    if (!known.test(this.text)) this.failAt(start, "this text has a backslash that begins no known sign; a plain backslash is written \\\\");
    this.at = known.lastIndex;
  }

  private passWord(): void {
    value.lastIndex = this.at;
    const isValue = value.test(this.text);
    const end = isValue ? value.lastIndex : this.at;
    wordSign.lastIndex = end;
    if (!isValue || wordSign.test(this.text)) {
      const [word] = /^[^\s,:[\]{}"]*/.exec(this.text.slice(this.at, this.at + 400))!;
      this.fail(whyNoValue(word, this.shown()));
    }
    this.at = end;
  }

  private skipSpace(): void {
    let { sign } = this;
    while (sign === 0x20 || sign === 0x0a || sign === 0x0d || sign === 0x09) {
      this.at++;
      sign = this.sign;
    }
    if (sign === slash || sign === hash) this.fail("JSON has no comments; remove it");
  }

  private take(sign: number): boolean {
    if (this.sign !== sign) return false;
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
