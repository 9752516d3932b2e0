import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { Sessions } from "../library/sessions.ts";

/** How long the link that is printed at start works. It also works only once. */
export const linkLifetimeMs = 10 * 60_000;
/** Wrong tokens, counted over everybody: behind a proxy all addresses look alike. */
const failuresPerMinute = 10;
const maxOpenCodes = 32;

/** Who may in: the access token for scripts, one-time codes for links, sessions for browsers. */
export class Access {
  readonly enabled: boolean;
  /** Cookies ignore ports, so each installation has a name of its own. */
  readonly cookieName: string;
  private readonly tokenHash: Uint8Array;
  private readonly codes = new Map<string, number>();
  private failures: number[] = [];
  private readonly known = new Set<string>();

  constructor(
    token: string,
    private readonly sessions: Sessions,
    options: { enabled: boolean },
  ) {
    this.enabled = options.enabled;
    this.tokenHash = sha256(token);
    this.cookieName = `isengard-${this.tokenHash.toHex().slice(0, 8)}`;
  }

  /** Constant in time. False, without looking, while too many wrong tokens came in the last minute. */
  acceptsToken(token: string): boolean {
    if (this.isThrottled) return false;
    const right = isEqual(sha256(token), this.tokenHash);
    if (!right) this.failures.push(Date.now());
    return right;
  }

  get isThrottled(): boolean {
    const minuteAgo = Date.now() - 60_000;
    this.failures = this.failures.filter((at) => at > minuteAgo);
    return this.failures.length >= failuresPerMinute;
  }

  /** A code for one link. The oldest is dropped when too many are open. */
  createCode(): string {
    if (this.codes.size >= maxOpenCodes) this.codes.delete(this.codes.keys().next().value!);
    const code = randomSecret();
    this.codes.set(sha256(code).toHex(), Date.now() + linkLifetimeMs);
    return code;
  }

  redeemCode(code: string): boolean {
    const key = sha256(code).toHex();
    const expires = this.codes.get(key);
    this.codes.delete(key);
    return expires !== undefined && expires > Date.now();
  }

  /** The value for the cookie of a new session. */
  openSession(label: string): string {
    const value = randomSecret();
    this.sessions.add(sha256(value).toHex(), label);
    return value;
  }

  acceptsSession(value: string): boolean {
    const hash = sha256(value).toHex();
    if (this.known.has(hash)) return true;
    const exists = this.sessions.see(hash);
    if (exists && this.known.size < 1000) this.known.add(hash);
    return exists;
  }

  closeSession(value: string): void {
    const hash = sha256(value).toHex();
    this.known.delete(hash);
    this.sessions.remove(hash);
  }
}

/** 256 random bits, readable by the owner only. A file that others can read is replaced. */
export function loadToken(path: string): string {
  if (existsSync(path) && (statSync(path).mode & 0o077) === 0) {
    const token = readFileSync(path, "utf8").trim();
    if (token.length >= 43) return token;
  }
  const token = randomSecret();
  writeFileSync(path, `${token}\n`, { mode: 0o600 });
  chmodSync(path, 0o600);
  return token;
}

function randomSecret(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
}

/** Bun's own hasher: it is there already, while `node:crypto` would be loaded at every start. */
function sha256(text: string): Uint8Array {
  return new Bun.CryptoHasher("sha256").update(text).digest();
}

/** Constant in time for two digests: what differs, and where, cannot be measured. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index++) difference |= a[index]! ^ b[index % b.length]!;
  return difference === 0;
}
