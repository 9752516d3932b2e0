import { constants } from "node:os";

/**
 * A child on a pseudo-terminal, with node-pty's surface (`IPty` with `encoding: null`, so data are bytes). `onExit` is
 * called once, after the last byte was given to `onData`. Listeners added in the same tick as the spawn miss nothing.
 */
export interface Pty {
  readonly pid: number;
  readonly cols: number;
  readonly rows: number;
  onData(listener: (bytes: Uint8Array) => void): PtySubscription;
  onExit(listener: (exit: PtyExit) => void): PtySubscription;
  write(data: string | Uint8Array): void;
  resize(cols: number, rows: number): void;
  /** To the whole group of the child; does nothing when it has ended. Default: SIGHUP. */
  kill(signal?: NodeJS.Signals): void;
  /** What the child and those that it waited for have used; null while it runs, and where the backend cannot tell. */
  usage(): PtyUsage | null;
}

export interface PtyUsage {
  readonly maxRssBytes: number;
  readonly userMs: number;
  readonly systemMs: number;
  readonly blocksRead: number;
  readonly blocksWritten: number;
}

/** `signal` is the number of the signal that ended the child, 0 when it exited by itself. */
export interface PtyExit {
  readonly exitCode: number;
  readonly signal: number;
}

export interface PtySubscription {
  dispose(): void;
}

export interface PtyOptions {
  readonly cwd: string;
  /** The whole environment; nothing is inherited. `TERM` is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly cols: number;
  readonly rows: number;
}

export type SpawnPty = (file: string, args: readonly string[], options: PtyOptions) => Pty;

/** A grandchild may keep the terminal open after the child ended: its output is awaited while it comes, up to a limit. */
const quietAfterExitMs = 250;
const drainLimitMs = 2_000;

/** Starts a child on a terminal. Throws the system's error (ENOENT, EACCES) at once when it cannot be started. */
export const spawnPty: SpawnPty = (file, args, options) => {
  const dataListeners = new Set<(bytes: Uint8Array) => void>();
  const exitListeners = new Set<(exit: PtyExit) => void>();
  const closed = Promise.withResolvers<void>();
  let lastData = performance.now();
  let size = { cols: options.cols, rows: options.rows };
  const child = Bun.spawn([file, ...args], {
    cwd: options.cwd,
    env: { ...options.env, TERM: "xterm-256color" },
    terminal: {
      ...size,
      data: (_terminal, bytes) => {
        lastData = performance.now();
        for (const listener of dataListeners) listener(bytes);
      },
      exit: () => closed.resolve(),
    },
  });
  const terminal = child.terminal;
  if (!terminal) throw new Error("The terminal of a new process is missing: this version of Bun cannot make one.");

  void child.exited.then(async () => {
    const limit = performance.now() + drainLimitMs;
    await untilQuiet(closed.promise, () => lastData, limit);
    terminal.close();
    const exit = { exitCode: child.exitCode ?? 0, signal: signalNumber(child.signalCode) };
    for (const listener of exitListeners) listener(exit);
  });

  return {
    pid: child.pid,
    get cols() { return size.cols; },
    get rows() { return size.rows; },
    onData: (listener) => subscribe(dataListeners, listener),
    onExit: (listener) => subscribe(exitListeners, listener),
    write: (data) => void terminal.write(data),
    resize: (cols, rows) => {
      size = { cols, rows };
      terminal.resize(cols, rows);
    },
    kill: (signal = "SIGHUP") => {
      if (child.exitCode === null && child.signalCode === null) signalGroup(child.pid, signal);
    },
    usage: () => usageOf(child.resourceUsage()),
  };
};

async function untilQuiet(closed: Promise<void>, lastData: () => number, limit: number): Promise<void> {
  const exitedAt = performance.now();
  for (;;) {
    const ended = await Promise.race([closed.then(() => true), Bun.sleep(20).then(() => false)]);
    const now = performance.now();
    if (ended || now > limit || now - Math.max(exitedAt, lastData()) > quietAfterExitMs) return;
  }
}

function usageOf(usage: ReturnType<Bun.Subprocess["resourceUsage"]>): PtyUsage | null {
  if (!usage) return null;
  const { maxRSS, cpuTime, ops } = usage;
  return {
    maxRssBytes: maxRSS, userMs: Number(cpuTime.user) / 1000, systemMs: Number(cpuTime.system) / 1000,
    blocksRead: ops.in, blocksWritten: ops.out,
  };
}

function subscribe<T>(listeners: Set<T>, listener: T): PtySubscription {
  listeners.add(listener);
  return { dispose: () => void listeners.delete(listener) };
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Ended between the check and the signal: what the caller wanted has happened.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function signalNumber(name: NodeJS.Signals | number | null): number {
  return typeof name === "string" ? (constants.signals[name] ?? 0) : (name ?? 0);
}

export function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found ? found[0] : `signal ${number}`;
}
