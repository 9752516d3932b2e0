/**
 * Redaction by pattern: shapes of secrets that nobody told us about. Each rule has `hints`, lower-case literals of which
 * one must occur before its slower expression runs; ordinary text meets no hint and costs one search per literal.
 *
 * Texts come raw or as JSON, so quotes may carry backslashes, and a replacement never removes or adds a bare quote.
 */
export interface RedactRule {
  readonly hints: readonly string[];
  apply(text: string): string;
}

export const mark = "[redacted]";

/** A quoted value, plain or escaped once as inside a JSON string; a bare value up to a space or quote. */
const quoted = String.raw`"(?:[^"\\\n]|\\.)*"|\\"(?:\\\\\\"|(?!\\")[^\n])*\\"|'(?:[^'\\\n]|\\.)*'`;
const bareValue = String.raw`[^\s"'\\&<>{[(](?:[^\s"'\\&])*`;
const jsonPrimitive = String.raw`[^\s"'\\,{}\[\]]+`;

const secretName = String.raw`(?:pass(?:word|wd|phrase|code)|pwd|secret|(?:api|access|private|secret|account|signing|encryption)[_-]?key|apikey` +
  String.raw`|credentials?|session[_-]?id|sessionid|x-amz-(?:signature|credential)|(?<![a-z])isengard-[0-9a-f]{8})`;
/** Special tokens of tokenizers are vocabulary, not secrets. */
const tokenName = String.raw`(?<!(?:bos|eos|pad|unk|cls|sep|mask|image|special|added|class|trigger|new|per|next|prefix|first|last)[_ -]?)token`;
const keyName = `(?:${secretName}|${tokenName})`;

/** `"key": value` as in JSON or a Python dict, also escaped once. */
const jsonPair = new RegExp(String.raw`(${keyName}(\\*["'])\s*[:=]\s*)(${quoted}|${jsonPrimitive})`, "gi");
/** `key=value`, `key: value`, `key%3Dvalue`, `--key value`. */
const flagHead = String.raw`--?[a-z-]*${keyName}(?:\s+|\\*["'],?\s*(?=\\*["']))`;
const plainPair = new RegExp(String.raw`(${flagHead}|${keyName}\s*(?:=|:|%3D)\s*)(${quoted}|${bareValue})`, "gi");
const openingQuote = /^\\*["']/;
const harmless = /^(?:true|false|null|none|undefined|required|missing|\*+|\[redacted\].*)$/i;
const smallNumber = /^\d{1,6}[,;.)]?$/;

const tokenHints = ["hf_", "sk-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "akia", "asia", "rpa_", "xox", "eyj"];
const tokens = [
  String.raw`hf_[A-Za-z0-9]{16,}`,
  String.raw`(?:(?<![A-Za-z])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))sk-[A-Za-z0-9_-]{16,}`,
  String.raw`gh[pousr]_[A-Za-z0-9]{16,}`,
  String.raw`github_pat_[A-Za-z0-9_]{20,}`,
  String.raw`(?:AKIA|ASIA)[0-9A-Z]{16}`,
  String.raw`rpa_[A-Za-z0-9]{16,}`,
  String.raw`xox[abprs]-[A-Za-z0-9-]{10,}`,
  String.raw`eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*`,
].join("|");

export const redactRules: readonly RedactRule[] = [
  replacing(tokenHints, new RegExp(tokens, "g"), mark),
  replacing(["private key-----"], /(-----BEGIN [A-Z ]*PRIVATE KEY-----)[^"]*?(-----END [A-Z ]*PRIVATE KEY-----|(?="|$))/g, `$1${mark}$2`),
  replacing(["cookie"], /((?:set-)?cookies?\\*["']?\s*[:=]\s*\\*["']?)(?=[^\r\n"']*=)(?:[^\r\n"'\\]|\\+["'])+/gi, `$1${mark}`),
  replacing(["authorization"], /(authorization\\*["']?\s*[:=,]\s*\\*["']?(?:(?:bearer|basic|token|apikey|key)\s+)?)[^\s"'\\,;]{3,}/gi, `$1${mark}`),
  replacing(["bearer"], /(bearer(?:\s+|%20|\+)\\*["']?)(?=[^\s"'\\]*[\d._~+/=-]|[^\s"'\\]{20})[^\s"'\\,;]{8,}/gi, `$1${mark}`),
  replacing(["civitai"], /(civitai[^\r\n"]{0,80}?)(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])/gi, `$1${mark}`),
  replacing(["@"], /(:\/\/|%3A%2F%2F)(?:[^\s:@/"'\\]*):[^\s/"'\\]+@/g, `$1${mark}@`),
  replacing(["code=", "sig=", "signature=", "auth=", "key="], /([?&#](?:code|sig|signature|auth|key)=)[^\s"'\\&#]{8,}/gi, `$1${mark}`),
  {
    hints: ["token", "pass", "pwd", "secret", "key", "credential", "session", "signature", "isengard-"],
    apply: (text) => text.replace(jsonPair, hideJsonValue).replace(plainPair, hidePlainValue),
  },
];

function replacing(hints: readonly string[], pattern: RegExp, by: string): RedactRule {
  return { hints, apply: (text) => text.replace(pattern, by) };
}

/** A number or word becomes a string, with the quotes of its key, so that a line of JSON stays JSON. */
function hideJsonValue(whole: string, head: string, quote: string, value: string): string {
  const open = openingQuote.exec(value)?.[0];
  if (open !== undefined) return hideQuoted(whole, head, open, value);
  return isHarmless(head, value) ? whole : head + quote + mark + quote;
}

function hidePlainValue(whole: string, head: string, value: string): string {
  const open = openingQuote.exec(value)?.[0];
  if (open !== undefined) return hideQuoted(whole, head, open, value);
  return isHarmless(head, value) ? whole : head + mark;
}

function hideQuoted(whole: string, head: string, quote: string, value: string): string {
  const inside = value.slice(quote.length, -quote.length);
  return inside === "" || isHarmless(head, inside) ? whole : head + quote + mark + quote;
}

/** A fencing token or a count of tokens is a small number; a password may be one too and is hidden. */
function isHarmless(head: string, value: string): boolean {
  return harmless.test(value) || value.startsWith("<|") || (/token/i.test(head) && smallNumber.test(value));
}
