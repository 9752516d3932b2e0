import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { Sessions } from "../../db/sessions.ts";

/** How long the link that is printed at start works. It also works only once. */
const linkLifetimeMs = 10 * 60_000;
/** How often a wrong token, or how many different ones, may come within a minute. Counted over everybody: behind a proxy all addresses look alike. */
const wrongPerMinute = 10;
const maxOpenCodes = 32;
/** A session that the database confirmed is believed for this long without asking again. */
const confirmedMs = 10 * 60_000;
const maxConfirmed = 1000;
const expireEveryMs = 10 * 60_000;

/** Who may in: the access token for scripts, one-time codes for links, sessions for browsers. */
export class Access {
  readonly enabled: boolean;
  /** Cookies ignore ports, so each installation has a name of its own. */
  readonly cookieName: string;
  private readonly tokenHash: Uint8Array;
  private readonly codes = new Map<string, number>();
  /** Wrong tokens by their digest: a script that repeats an old one slows only itself. */
  private readonly wrong = new Map<string, { readonly count: number; readonly since: number }>();
  /** Sessions by their digest, and until when they need not be looked up. */
  private readonly confirmed = new Map<string, number>();
  /** What lasts longer than a request and ends with its session. */
  private readonly ends = new Map<string, AbortController>();
  private timer: Timer | null = null;

  constructor(
    token: string,
    private readonly sessions: Sessions,
    options: { enabled: boolean },
  ) {
    this.enabled = options.enabled;
    this.tokenHash = sha256(token);
    this.cookieName = `isengard-${this.tokenHash.toHex().slice(0, 8)}`;
  }

  /**
   * Looks first: the right token is always right, whatever others tried. Wrong ones are told to wait ("too-often") where the same one or
   * different ones came ten times within a minute. Constant in time.
   */
  checkToken(token: string): "right" | "wrong" | "too-often" {
    const digest = sha256(token);
    if (isEqual(digest, this.tokenHash)) return "right";
    const minuteAgo = Date.now() - 60_000;
    for (const [hash, mistake] of this.wrong) if (mistake.since <= minuteAgo) this.wrong.delete(hash);
    const hash = digest.toHex();
    const mistake = this.wrong.get(hash);
    if (mistake === undefined && this.wrong.size >= wrongPerMinute) return "too-often";
    this.wrong.set(hash, { count: (mistake?.count ?? 0) + 1, since: mistake?.since ?? Date.now() });
    return (mistake?.count ?? 0) < wrongPerMinute ? "wrong" : "too-often";
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

  /** What the session is known by from here on, or null where there is none. */
  acceptsSession(value: string): string | null {
    const hash = sha256(value).toHex();
    return this.isOpen(hash) ? hash : null;
  }

  private isOpen(hash: string): boolean {
    if ((this.confirmed.get(hash) ?? 0) > Date.now()) return true;
    const exists = this.sessions.see(hash);
    this.confirmed.delete(hash);
    if (exists && this.confirmed.size < maxConfirmed) this.confirmed.set(hash, Date.now() + confirmedMs);
    return exists;
  }

  closeSession(value: string): void {
    const hash = sha256(value).toHex();
    this.sessions.remove(hash);
    this.forget(hash);
  }

  /** Signs out every browser; the access token stays. */
  closeAllSessions(): void {
    this.sessions.removeAll();
    for (const hash of [...this.confirmed.keys(), ...this.ends.keys()]) this.forget(hash);
  }

  /** Aborted when the session ends, for what lasts longer than a request. `hash` as `acceptsSession` answered. */
  endOf(hash: string): AbortSignal {
    const known = this.ends.get(hash) ?? new AbortController();
    this.ends.set(hash, known);
    this.timer ??= setInterval(() => this.expire(), expireEveryMs);
    this.timer.unref();
    return known.signal;
  }

  /** Ends what outlived its session. */
  expire(): void {
    this.sessions.forgetExpired();
    for (const hash of this.ends.keys()) {
      this.confirmed.delete(hash);
      if (!this.isOpen(hash)) this.forget(hash);
    }
  }

  private forget(hash: string): void {
    this.confirmed.delete(hash);
    this.ends.get(hash)?.abort();
    this.ends.delete(hash);
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
