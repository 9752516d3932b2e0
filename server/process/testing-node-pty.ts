import { close, read, write } from "node:fs";
import { createRequire } from "node:module";
import { Duplex } from "node:stream";
import tty from "node:tty";
import type { PtyExit, PtySubscription, SpawnPty } from "./pty.ts";

/** The part of node-pty that is used here; its own declarations go by another package name. */
interface NodePty {
  spawn(file: string, args: readonly string[], options: object): {
    readonly pid: number;
    readonly cols: number;
    readonly rows: number;
    onData(listener: (bytes: Uint8Array) => void): PtySubscription;
    onExit(listener: (exit: { exitCode: number; signal?: number }) => void): PtySubscription;
    write(data: string | Uint8Array): void;
    resize(cols: number, rows: number): void;
  };
}

const chunkBytes = 64 * 1024;
const longestRetryMs = 16;

/** Reads and writes a non-blocking terminal. Bun's own tty.ReadStream closes it on the first EAGAIN, which hangs up the child. */
class PatientTty extends Duplex {
  private waitMs = 1;

  constructor(private readonly fd: number) {
    super();
  }

  override _read(): void {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    read(this.fd, buffer, 0, chunkBytes, null, (error, count) => {
      if (error?.code === "EAGAIN") return this.later(() => this._read());
      this.waitMs = 1;
      // EIO is how Linux says that nobody has the other end open any more.
      if (error?.code === "EIO" || (!error && count === 0)) this.destroy();
      else if (error) this.destroy(error);
      else this.push(buffer.subarray(0, count));
    });
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    write(this.fd, chunk, (error, count) => {
      if (error?.code === "EAGAIN") return this.later(() => this._write(chunk, encoding, done));
      if (error || count === chunk.length) return done(error);
      this._write(chunk.subarray(count), encoding, done);
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    close(this.fd, () => done(error));
  }

  private later(again: () => void): void {
    if (this.destroyed) return;
    setTimeout(again, this.waitMs);
    this.waitMs = Math.min(this.waitMs * 2, longestRetryMs);
  }
}

/** The same terminal from node-pty, to hold both to one contract. */
export function loadNodePty(): SpawnPty {
  tty.ReadStream = PatientTty as unknown as typeof tty.ReadStream;
  const nodePty = createRequire(import.meta.url)("node-pty") as NodePty;
  return (file, args, { cwd, env, cols, rows }) => {
    const child = nodePty.spawn(file, args, { cwd, env: { ...env }, cols, rows, encoding: null, name: "xterm-256color" });
    let ended = false;
    child.onExit(() => { ended = true; });
    return {
      pid: child.pid,
      get cols() { return child.cols; },
      get rows() { return child.rows; },
      onData: (listener) => child.onData(listener),
      onExit: (listener: (exit: PtyExit) => void) => child.onExit(({ exitCode, signal }) => listener({ exitCode, signal: signal ?? 0 })),
      write: (data) => child.write(data),
      resize: (nextCols, nextRows) => child.resize(nextCols, nextRows),
      kill: (signal = "SIGHUP") => {
        if (!ended) process.kill(-child.pid, signal);
      },
      usage: () => null,
    };
  };
}
