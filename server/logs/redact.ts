import { homedir } from "node:os";
import { showHiddenMarks } from "./hidden-marks.ts";
import { LiteralSearch } from "./literal-search.ts";
import { mark, redactRules } from "./redact-rules.ts";

/** A shorter "secret" would blank out ordinary words; such a value is left to the patterns. */
const shortestSecret = 6;
/** Parts of a base64 text that stay the same wherever the secret begins are only telling from this length on. */
const shortestEncodedPart = 8;

/**
 * The one place where secrets and hidden marks leave a text: every sink calls it. By value for what Isengard itself knows, in each form
 * in which programs print it; by pattern for the rest. Redacting twice changes nothing.
 */
export class Redactor {
  private readonly forms = new Set<string>();
  private byValue: readonly string[] = [];
  private readonly homes = new Set<string>();
  private homePattern: RegExp | null = null;
  private homeHints: readonly string[] = [];
  /** Finds nothing in a text that `redact` would not change; null until it is needed. */
  private suspects: LiteralSearch | null = null;

  constructor(homes: readonly string[] = [homedir()]) {
    for (const home of homes) this.addHome(home);
  }

  /** Known secrets are hidden from the next line on. Lines already written are not changed. */
  addSecret(value: string): void {
    const secret = value.trim();
    if (secret.length < shortestSecret) return;
    for (const form of formsOf(secret)) this.forms.add(form);
    this.byValue = [...this.forms].sort((a, b) => b.length - a.length);
    this.suspects = null;
  }

  /** Below this folder paths are shown with `~`. The root folder is nobody's home. */
  addHome(path: string): void {
    const home = path.replace(/\/+$/, "");
    if (!home.startsWith("/") || home.length < 3) return;
    this.homes.add(home);
    const spellings = [...this.homes].flatMap((each) => [each, encodeURIComponent(each)]).sort((a, b) => b.length - a.length);
    this.homeHints = spellings;
    this.suspects = null;
    // A letter before is part of another path, unless it ends an escape such as \n in JSON or %3D in an address.
    const front = String.raw`(?:(?<![\w.~-]|%[0-9A-F]{2})|(?<=\\[nrt]|%[0-9A-F]{2}))`;
    this.homePattern = new RegExp(String.raw`${front}(?:${either(spellings)})(?![\w-]|\.\w)`, "g");
  }

  redact(text: string): string {
    this.suspects ??= new LiteralSearch([...redactRules.flatMap((rule) => rule.hints), ...this.homeHints, ...this.byValue.map(beginning)]);
    if (!this.suspects.mayOccurIn(text)) return text;
    let clean = text;
    for (const form of this.byValue) {
      if (clean.includes(form)) clean = clean.replaceAll(form, mark);
    }
    const lower = clean.toLowerCase();
    for (const rule of redactRules) {
      if (rule.hints.some((hint) => lower.includes(hint))) clean = rule.apply(clean);
    }
    if (this.homePattern !== null && this.homeHints.some((home) => clean.includes(home))) clean = clean.replace(this.homePattern, "~");
    return showHiddenMarks(clean);
  }
}

/** Enough of a secret to look closer: the search stays small, however long the secrets are. */
function beginning(form: string): string {
  return form.slice(0, shortestSecret);
}

function formsOf(secret: string): string[] {
  const percent = encodeURIComponent(secret);
  const inJson = JSON.stringify(secret).slice(1, -1);
  const twiceInJson = JSON.stringify(inJson).slice(1, -1);
  const forms = [
    secret, inJson, twiceInJson,
    percent, percent.replaceAll("%20", "+"), percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    ...base64Forms(secret),
  ];
  return forms.filter((form) => form.length >= shortestSecret);
}

/** Base64 of the secret wherever it stands in a longer text (as in `user:secret`): the characters that it alone decides. */
function base64Forms(secret: string): string[] {
  const forms: string[] = [];
  const bytes = Buffer.from(secret);
  for (const before of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64").replace(/=+$/, "");
    const firstOwn = before === 0 ? 0 : before + 1;
    const lastOwn = Math.floor(((before + bytes.length) * 8) / 6);
    const own = encoded.slice(firstOwn, lastOwn);
    if (own.length >= shortestEncodedPart) forms.push(own, own.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return forms;
}

function either(texts: readonly string[]): string {
  return texts.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join("|");
}
