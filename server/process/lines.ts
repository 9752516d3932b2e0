import type { OutputLine } from "../../plugins/plugin.ts";

/** A line longer than this is handed on in pieces of this many bytes (up to three more, never inside a character). */
export const maxPieceBytes = 16 * 1024;
/** An escape sequence longer than this is none: what follows is text again. */
const maxEscapeBytes = 4096;

const LF = 0x0a, CR = 0x0d, BS = 0x08, TAB = 0x09, BEL = 0x07, ESC = 0x1b, DEL = 0x7f;

type State =
  | "text"
  /** Behind carriage returns: a newline makes it a plain end of line, anything else paints over the text. */
  | "return"
  | "escape"
  | "escape-intermediate"
  | "csi"
  /** OSC, DCS and the like, up to BEL or ESC \. */
  | "string"
  | "string-escape";

/**
 * Turns the bytes of a terminal into pieces of text. The pieces and their offsets depend only on the bytes, never on
 * how they were cut into chunks, and reading on from the offset of any piece gives the same pieces again. Text keeps
 * everything between two line ends, so a message that a program glued to its progress bar stays in the piece of the bar.
 * Escape sequences and control characters are left out. Memory: one piece.
 */
export class LineSplitter {
  private readonly buffer = Buffer.alloc(maxPieceBytes + 4);
  private length = 0;
  private state: State = "text";
  private escapeLength = 0;
  private parameters = "";
  private out: OutputLine[] = [];
  private offset: number;

  constructor(offset = 0) {
    this.offset = offset;
  }

  /** Text behind the last line end; it may still grow or be painted over. */
  get pending(): string {
    return this.buffer.toString("utf8", 0, this.length);
  }

  push(bytes: Uint8Array): OutputLine[] {
    const base = this.offset;
    for (let index = 0; index < bytes.length;) {
      const end = this.state === "text" ? endOfText(bytes, index) : index;
      if (end > index) this.addRun(bytes, index, end, base);
      index = end;
      if (index === bytes.length) break;
      this.offset = base + index;
      this.control(bytes[index] as number);
      index += 1;
    }
    this.offset = base + bytes.length;
    return this.take();
  }

  /** The output up to `to` is lost: the unfinished piece is given as it stands, then `note`, then reading goes on at `to`. */
  skip(to: number, note: string): OutputLine[] {
    if (this.length > 0) this.emit(false, this.offset);
    this.out.push({ text: note, redraw: false, offset: to });
    this.state = "text";
    this.offset = to;
    return this.take();
  }

  /** The last piece, when the output ended without a newline. Only to be called once, behind the last byte. */
  end(): OutputLine[] {
    if (this.length > 0) this.emit(false, this.offset);
    return this.take();
  }

  private take(): OutputLine[] {
    const pieces = this.out;
    this.out = [];
    return pieces;
  }

  /** Copied at once where the piece cannot reach its limit, which is where nearly all bytes go through. */
  private addRun(bytes: Uint8Array, from: number, to: number, base: number): void {
    if (this.length + to - from <= maxPieceBytes) {
      this.buffer.set(bytes.subarray(from, to), this.length);
      this.length += to - from;
      return;
    }
    for (let index = from; index < to; index++) {
      this.offset = base + index;
      this.add(bytes[index] as number);
    }
  }

  private add(byte: number): void {
    const insideCharacter = (byte & 0xc0) === 0x80 && this.length < maxPieceBytes + 3;
    if (this.length >= maxPieceBytes && !insideCharacter) this.emit(false, this.offset);
    this.buffer[this.length++] = byte;
  }

  private emit(redraw: boolean, offset: number): void {
    const text = this.buffer.toString("utf8", 0, this.length);
    this.length = 0;
    // A bar that is wiped leaves a line of blanks: nothing that anybody could have read was painted over.
    if (!redraw || text.trim() !== "") this.out.push({ text, redraw, offset });
  }

  private control(byte: number): void {
    switch (this.state) {
      case "text": return this.plain(byte);
      case "return": return this.behindReturn(byte);
      case "escape": return this.escape(byte);
      case "escape-intermediate": return this.intermediate(byte);
      case "csi": return this.csi(byte);
      case "string": return this.string(byte);
      case "string-escape": return this.stringEscape(byte);
    }
  }

  private plain(byte: number): void {
    this.state = "text";
    if (byte === LF) this.emit(false, this.offset + 1);
    else if (byte === CR) this.state = "return";
    else if (byte === ESC) this.startEscape();
    else if (byte === BS) this.removeLast();
    else if (byte === TAB || (byte >= 0x20 && byte !== DEL)) this.add(byte);
  }

  private behindReturn(byte: number): void {
    if (byte === CR) return;
    if (byte !== LF) this.emit(true, this.offset);
    this.plain(byte);
  }

  private startEscape(): void {
    this.state = "escape";
    this.escapeLength = 0;
    this.parameters = "";
  }

  private escape(byte: number): void {
    if (byte === 0x5b) this.state = "csi";
    else if (byte === 0x5d || byte === 0x50 || byte === 0x58 || byte === 0x5e || byte === 0x5f) this.state = "string";
    else if (byte >= 0x20 && byte <= 0x2f) this.state = "escape-intermediate";
    else if (byte >= 0x30 && byte <= 0x7e) this.state = "text";
    else this.plain(byte);
  }

  private intermediate(byte: number): void {
    if (this.tooLong() || byte < 0x20 || byte > 0x7e) this.plain(byte);
    else if (byte >= 0x30) this.state = "text";
  }

  private csi(byte: number): void {
    if (this.tooLong() || byte < 0x20 || byte > 0x7e) return this.plain(byte);
    if (byte < 0x40) {
      if (this.parameters.length < 8) this.parameters += String.fromCharCode(byte);
      return;
    }
    this.state = "text";
    if (leavesLine(byte, this.parameters) && this.length > 0) this.emit(true, this.offset + 1);
  }

  private string(byte: number): void {
    if (byte === ESC) this.state = "string-escape";
    else if (byte === BEL) this.state = "text";
    else if (byte < 0x20 || this.tooLong()) this.plain(byte);
  }

  private stringEscape(byte: number): void {
    if (byte === 0x5c) this.state = "text";
    else {
      this.startEscape();
      this.escape(byte);
    }
  }

  private tooLong(): boolean {
    return ++this.escapeLength > maxEscapeBytes;
  }

  private removeLast(): void {
    while (this.length > 0 && ((this.buffer[--this.length] as number) & 0xc0) === 0x80);
  }
}

/** Cursor up, previous line, to a column, to a place, or the line wiped: what stood here is about to be painted over. */
function leavesLine(final: number, parameters: string): boolean {
  switch (String.fromCharCode(final)) {
    case "A": case "F": case "G": case "H": case "f": case "J": return true;
    case "K": return parameters === "2" || parameters === "1";
    default: return false;
  }
}

function endOfText(bytes: Uint8Array, from: number): number {
  let end = from;
  for (; end < bytes.length; end++) {
    const byte = bytes[end] as number;
    if (byte < 0x20 || byte === DEL) break;
  }
  return end;
}
