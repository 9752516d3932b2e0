import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import type { LogSink } from "../base/log.ts";
import { Appender } from "./appender.ts";
import type { Redactor } from "./redact.ts";

export interface RotatingFileOptions {
  readonly path: string;
  readonly redactor: Redactor;
  /** A file that reaches this size is put aside. */
  readonly maxBytes?: number;
  /** Files kept, the current one included. */
  readonly maxFiles?: number;
  /** A file begun longer ago is put aside. */
  readonly rotateAfterMs?: number;
  /** Files put aside longer ago are removed. */
  readonly keepMs?: number;
  readonly now?: () => number;
}

const dayMs = 24 * 60 * 60_000;
const ageCheckMs = 60_000;

/**
 * The service log: `service.jsonl`, before it `service.jsonl.1`, and so on; the current one is always the first.
 * Each line is redacted here and gets a number that counts on across rotation and restarts. Never throws; lines that
 * the disk refused are counted, and the count is written once it works again.
 */
export class RotatingFile implements LogSink {
  private readonly file: Appender;
  private readonly settings: Required<RotatingFileOptions>;
  private line = 0;
  private lostCount = 0;
  private lostWhy = "";
  private bornAt = 0;
  private ageCheckedAt = 0;
  /** After a refused rotation: not again before this time. */
  private rotateNotBefore = 0;
  private isClosed = false;

  constructor(options: RotatingFileOptions) {
    this.settings = { maxBytes: 16 * 1024 * 1024, maxFiles: 8, rotateAfterMs: 7 * dayMs, keepMs: 30 * dayMs, now: Date.now, ...options };
    this.file = new Appender(this.settings.path);
    this.open();
  }

  /** Lines that could not be written and are not reported in the file yet. */
  get lost(): number {
    return this.lostCount;
  }

  write(line: string): void {
    if (this.isClosed) return;
    if (!this.file.isOpen) this.open();
    const clean = this.settings.redactor.redact(line.endsWith("\n") ? line.slice(0, -1) : line);
    this.rotateWhenDue(clean.length);
    if (this.lostCount > 0) this.reportLoss();
    if (this.lostCount > 0 || !this.append(clean)) this.countLoss();
  }

  close(): void {
    this.isClosed = true;
    this.file.close();
  }

  private open(): void {
    const last = this.file.open();
    if (last === null) return;
    this.bornAt = this.file.size === 0 ? this.settings.now() : this.file.bornAt;
    this.line = Math.max(this.line, last);
    if (this.file.size === 0 && this.line === 0) this.line = lastLineOf(`${this.settings.path}.1`);
    this.removeOld();
  }

  private append(clean: string): boolean {
    const body = clean.startsWith("{") && clean.length > 2 ? clean.slice(1) : `"message":${JSON.stringify(clean)}}`;
    if (!this.file.append(`{"line":${this.line + 1},${body}\n`)) return false;
    this.line += 1;
    return true;
  }

  private countLoss(): void {
    this.lostCount += 1;
    this.lostWhy = this.file.failure;
  }

  private reportLoss(): void {
    const noun = this.lostCount === 1 ? "1 log line" : `${this.lostCount} log lines`;
    const note = {
      level: "warn", time: new Date(this.settings.now()).toISOString(), event: "log.lost", count: this.lostCount,
      message: `${noun} could not be written (${this.lostWhy}); the disk works again.`,
    };
    if (this.append(JSON.stringify(note))) this.lostCount = 0;
  }

  private rotateWhenDue(comingChars: number): void {
    if (this.file.size === 0) return;
    const isFull = this.file.size + comingChars > this.settings.maxBytes;
    const now = this.settings.now();
    if (now < this.rotateNotBefore) return;
    const isAgeCheckDue = now - this.ageCheckedAt >= ageCheckMs;
    if (isAgeCheckDue) this.ageCheckedAt = now;
    if (isFull || (isAgeCheckDue && now - this.bornAt > this.settings.rotateAfterMs)) this.rotate();
  }

  private rotate(): void {
    const { path, maxFiles } = this.settings;
    this.file.close();
    try {
      for (let index = maxFiles - 1; index >= 1; index--) {
        const from = index === 1 ? path : `${path}.${index - 1}`;
        if (existsSync(from)) renameSync(from, `${path}.${index}`);
      }
      if (maxFiles === 1) rmSync(path, { force: true });
    } catch {
      // The folder refuses a rename: logging goes on in the present file, which is better than losing lines.
      this.rotateNotBefore = this.settings.now() + ageCheckMs;
    }
    this.open();
  }

  private removeOld(): void {
    const { path, maxFiles, keepMs, now } = this.settings;
    for (let index = 1; index < maxFiles; index++) {
      const file = `${path}.${index}`;
      try {
        if (existsSync(file) && now() - statSync(file).mtimeMs > keepMs) rmSync(file);
      } catch {
        // Another program holds or removed it; it is looked at again at the next rotation.
      }
    }
  }
}

function lastLineOf(path: string): number {
  if (!existsSync(path)) return 0;
  const file = new Appender(path);
  const line = file.open();
  file.close();
  return line ?? 0;
}
