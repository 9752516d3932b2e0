/** Why a text is refused; finishes a sentence. Never leaves the readers of this folder. */
export class Refusal extends Error {}

/** Containers within containers; the limit of serde_json, which reads these headers elsewhere. */
const depthLimit = 127;
/** As JSON spells numbers. */
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/**
 * Walks over JSON text without building it: duplicates stay visible, numbers keep their spelling, and nothing is kept
 * that the caller does not keep. Throws a `Refusal` where the text is not JSON.
 */
export class JsonScan {
  at = 0;

  constructor(readonly text: string) {}

  /** The next sign behind white space, which is not taken. */
  peek(): string {
    for (;;) {
      const sign = this.text[this.at];
      if (sign !== " " && sign !== "\n" && sign !== "\r" && sign !== "\t") return sign ?? "";
      this.at++;
    }
  }

  take(sign: string): void {
    if (this.peek() !== sign) throw this.broken();
    this.at++;
  }

  /** Each entry of an object: `visit` takes the value. */
  *entries(): Generator<string> {
    this.take("{");
    if (this.peek() === "}") return void this.at++;
    for (;;) {
      const key = this.string();
      this.take(":");
      yield key;
      if (!this.hasMore("}")) return;
    }
  }

  /** Each place of a list; whoever asks takes the value. */
  *places(): Generator<number> {
    this.take("[");
    if (this.peek() === "]") return void this.at++;
    for (let index = 0; ; index++) {
      yield index;
      if (!this.hasMore("]")) return;
    }
  }

  /** Control signs, wrong escapes and halves of pairs are refused. */
  string(): string {
    this.take("\"");
    const start = this.at;
    let isPlain = true;
    for (; ; this.at++) {
      const code = this.text.charCodeAt(this.at);
      if (code === 0x22) break;
      if (code === 0x5c) {
        isPlain = false;
        this.at++;
      } else if (!(code >= 0x20)) throw this.broken();
    }
    const raw = this.text.slice(start, this.at++);
    return isPlain ? raw : this.unescaped(raw);
  }

  /** A whole number of at most 64 bits, without sign, point or exponent. */
  count(): bigint {
    const text = this.number();
    if (!/^\d{1,20}$/.test(text) || BigInt(text) >= 1n << 64n) throw new Refusal(`has the number ${text.slice(0, 30)} where a size is meant`);
    return BigInt(text);
  }

  /** `depth`: of the value, counted from 1 for the whole. */
  skip(depth: number): void {
    const sign = this.peek();
    if ((sign === "{" || sign === "[") && depth > depthLimit) throw new Refusal("has a header with more levels than its readers allow");
    if (sign === "{") for (const _ of this.entries()) this.skip(depth + 1);
    else if (sign === "[") for (const _ of this.places()) this.skip(depth + 1);
    else if (sign === "\"") this.string();
    else if (!this.takeWord()) this.number();
  }

  end(): void {
    if (this.peek() !== "") throw this.broken();
  }

  /** `null` was next, and is taken. */
  takeNull(): boolean {
    const found = this.peek() === "n" && this.text.startsWith("null", this.at);
    if (found) this.at += 4;
    return found;
  }

  broken(): Refusal {
    return new Refusal("has a header that is not JSON");
  }

  private hasMore(close: string): boolean {
    const isEnd = this.peek() === close;
    this.take(isEnd ? close : ",");
    return !isEnd;
  }

  private takeWord(): boolean {
    const word = ["null", "true", "false"].find((candidate) => this.text.startsWith(candidate, this.at));
    if (word !== undefined) this.at += word.length;
    return word !== undefined;
  }

  private number(): string {
    this.peek();
    number.lastIndex = this.at;
    const text = number.exec(this.text)?.[0];
    if (text === undefined || !Number.isFinite(Number(text))) throw this.broken();
    this.at += text.length;
    return text;
  }

  private unescaped(raw: string): string {
    let text: unknown;
    try {
      text = JSON.parse(`"${raw}"`);
    } catch {
      throw this.broken();
    }
    if (typeof text !== "string" || !text.isWellFormed()) throw this.broken();
    return text;
  }
}
