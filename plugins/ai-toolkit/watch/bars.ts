/** A progress bar of the libraries, as it stands in one piece of output. */
export interface Bar {
  readonly label: string;
  readonly done: number;
  readonly total: number;
  /** Bars that count bytes end in `B/s`; their numbers are bytes. */
  readonly bytes: boolean;
  /** For example `2.16it/s`; empty while unknown or cut off. */
  readonly speed: string;
  readonly learningRate: number | null;
  readonly loss: number | null;
}

const barPattern = /([^%\r\n]{0,200}?)\s*\b(\d{1,3})%\|[^|]{0,300}\|\s*([\d.]+)([kKMGT]?)B?\/([\d.]+)([kKMGT]?)B?(?:\s+\[([^\]]{0,200}))?/;
const factor: Readonly<Record<string, number>> = { "": 1, k: 1e3, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** null where the text holds no bar. In a narrow terminal the right end is missing, so everything after the count may be. */
export function parseBar(text: string): Bar | null {
  const match = barPattern.exec(text);
  if (match === null) return null;
  const [, label = "", , done = "0", doneUnit = "", total = "0", totalUnit = "", rest = ""] = match;
  const speed = /([\d.]+\s?(?:[kKMGT]?B\/s|it\/s|s\/it))/.exec(rest)?.[1] ?? "";
  return {
    label: label.trim().replace(/:$/, ""),
    done: Number(done) * (factor[doneUnit] ?? 1),
    total: Number(total) * (factor[totalUnit] ?? 1),
    bytes: /B\/s/.test(rest),
    speed,
    learningRate: numberAfter(/\blr: (\S+)/, rest),
    loss: numberAfter(/\bloss: ([^\s,\]]+)/, rest),
  };
}

function numberAfter(pattern: RegExp, text: string): number | null {
  const found = pattern.exec(text)?.[1];
  const value = found === undefined ? NaN : Number(found);
  return Number.isFinite(value) ? value : null;
}

const escape = String.fromCharCode(27), bell = String.fromCharCode(7);
const commands = new RegExp(`${escape}\\[[0-9;?]*[ -/]*[@-~]`, "g");
const titles = new RegExp(`${escape}\\][^${bell}${escape}]{0,2000}(?:${bell}|${escape}\\\\)`, "g");

/** Removes terminal commands and other signs that are not text. */
export function plainText(text: string): string {
  return text.replace(commands, "").replace(titles, "").replace(/(?![\t\n])\p{Cc}/gu, "");
}
