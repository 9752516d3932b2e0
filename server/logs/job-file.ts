import type { LogEntry, LogLevel } from "../contract/log.ts";
import { Appender } from "./appender.ts";
import { largestOffset } from "./offsets.ts";
import type { Redactor } from "./redact.ts";

const messageLimit = 8 * 1024;
/** Redaction looks at this much of a message, so that a secret on the edge of the cut is still seen whole. */
const inspectedLimit = 4 * messageLimit;
const fieldsLimit = 16 * 1024;
const flushMs = 50;
const flushChars = 256 * 1024;
const retryMs = 1000;
/** What waits for a disk that fails; beyond it lines are lost and counted. */
const waitingLimit = 4 * 1024 * 1024;
/** One job's log. Beyond it only warnings and errors are written, up to `reserve` more. */
const jobLogLimit = 1024 * 1024 * 1024;
const reserve = 16 * 1024 * 1024;
const reserved = new Set(["line", "time", "level", "event", "message", "jobId", "correlationId"]);

/** The log of one job, shared by all who have it open. Entries are told to `onEntries` once, after the write. */
export class JobFile {
  private readonly file: Appender;
  private lastLine = 0;
  private waiting: string[] = [];
  private waitingChars = 0;
  /** Number of the first waiting line. */
  private waitingFrom = 0;
  private untold: LogEntry[] = [];
  private readonly offsets = new Map<string, number>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private lost = 0;
  private isFull = false;
  private isClosed = false;
  private clock = { at: 0, text: "" };
  private readonly eventJson = jsonOfRepeated();
  private readonly correlationJson = jsonOfRepeated();
  private readonly runJson = jsonOfRepeated();

  constructor(
    private readonly jobId: string,
    path: string,
    private readonly redactor: Redactor,
    private readonly onEntries: (entries: LogEntry[]) => void,
    private readonly limitBytes: number = jobLogLimit,
  ) {
    this.file = new Appender(path);
    this.lastLine = this.file.open() ?? 0;
  }

  write(correlationId: string, level: LogLevel, event: string, message: string, fields: Record<string, unknown>): void {
    if (this.isClosed) return;
    if (typeof fields["run"] === "string" && typeof fields["offset"] === "number") this.noteOffset(fields["run"], fields["offset"]);
    const size = this.file.size + this.waitingChars;
    if (size > this.limitBytes && !this.mayPass(correlationId, level, size)) return;
    this.put(correlationId, level, event, message, fields);
  }

  /** The largest offset of this run among all entries that were accepted here or are in the file; -1 for none. */
  lastOffset(run: string): number {
    const known = this.offsets.get(run);
    if (known !== undefined) return known;
    const found = largestOffset(this.file.path, run);
    this.offsets.set(run, found);
    return found;
  }

  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.lost > 0 && this.waiting.length > 0) this.reportLoss();
    if (this.waiting.length > 0 && this.file.append(this.waiting.join(""))) {
      this.forgetWaiting();
    } else if (this.waitingChars > waitingLimit) {
      this.lost += this.waiting.length;
      this.forgetWaiting();
    }
    const entries = this.untold;
    this.untold = [];
    if (entries.length > 0) this.onEntries(entries);
    if (this.waiting.length > 0) this.timer = setTimeout(() => this.flush(), retryMs);
  }

  /** Later writes do nothing: the file may have been removed. */
  close(): void {
    this.isClosed = true;
    this.flush();
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.file.close();
  }

  private put(correlationId: string, level: LogLevel, event: string, message: string, fields: Record<string, unknown>): void {
    if (!this.file.isOpen) this.lastLine = Math.max(this.lastLine, this.file.open() ?? 0);
    const clean = this.cleanFields(correlationId, event, fields);
    const entry: LogEntry = { line: ++this.lastLine, time: this.time(), level, event, message: this.cleanMessage(message), fields: clean.fields };
    // Put together by hand: the fields are already JSON, and this runs for every line of every child.
    const text = `{"line":${entry.line},"time":"${entry.time}","level":"${level}","event":${this.eventJson(event)}` +
      `,"message":${JSON.stringify(entry.message)},"jobId":"${this.jobId}","correlationId":${this.correlationJson(correlationId)}${clean.json}}\n`;
    if (this.waiting.length === 0) this.waitingFrom = entry.line;
    this.waiting.push(text);
    this.waitingChars += text.length;
    this.untold.push(entry);
    // A failing disk is tried again by the timer, not by each line.
    if (this.waitingChars >= flushChars && (this.file.failure === "" || this.waitingChars > waitingLimit)) this.flush();
    else if (this.timer === null) this.timer = setTimeout(() => this.flush(), flushMs);
    else if (this.untold.length >= flushChars / 64) this.tell();
  }

  private tell(): void {
    const entries = this.untold;
    this.untold = [];
    this.onEntries(entries);
  }

  private forgetWaiting(): void {
    this.waiting = [];
    this.waitingChars = 0;
  }

  /** Takes the number of the last lost line, so it stands where the lost lines would stand. */
  private reportLoss(): void {
    const note = {
      line: this.waitingFrom - 1, time: this.time(), level: "warn", event: "log.lost",
      message: `${this.lost} lines of this log could not be written, because the disk refused them.`, jobId: this.jobId, count: this.lost,
    };
    if (this.file.append(`${JSON.stringify(note)}\n`)) this.lost = 0;
  }

  private mayPass(correlationId: string, level: LogLevel, size: number): boolean {
    if (!this.isFull) {
      this.isFull = true;
      this.put(correlationId, "warn", "log.full", "This log reached its size limit; from here on only warnings and errors are kept.", {});
    }
    return (level === "warn" || level === "error") && size <= this.limitBytes + reserve;
  }

  private noteOffset(run: string, offset: number): void {
    if (offset > this.lastOffset(run)) this.offsets.set(run, offset);
  }

  private cleanMessage(message: string): string {
    const clean = this.redactor.redact(message.length > inspectedLimit ? message.slice(0, inspectedLimit) : message);
    if (message.length <= inspectedLimit && clean.length <= messageLimit) return clean;
    const kept = clean.slice(0, messageLimit).replace(/[\uD800-\uDBFF]$/, "");
    return `${kept} … [cut here: the whole message had ${message.length} characters]`;
  }

  /** Redacted as JSON, so that a secret is seen beside the name of its field. `json` stands behind the fields that each line has. */
  private cleanFields(correlationId: string, event: string, fields: Record<string, unknown>): { fields: Record<string, unknown>; json: string } {
    const { run, offset } = fields;
    if (event === "tool.line" && typeof offset === "number" && typeof run === "string" && Object.keys(fields).length === 2) {
      return { fields: { correlationId, run, offset }, json: `,"run":${this.runJson(run)},"offset":${offset}` };
    }
    const named = Object.fromEntries(Object.entries(fields).map(([name, value]) => [reserved.has(name) ? `field_${name}` : name, plain(value)]));
    const json = toJson(named);
    const kept = json.length > fieldsLimit ? JSON.stringify({ cut: `The fields had ${json.length} characters and were left out.` }) : json;
    const clean = parseObject(this.redactor.redact(kept)) ?? { fields: { cut: "The fields could not be shown." }, json: '{"cut":"The fields could not be shown."}' };
    return { fields: { correlationId, ...clean.fields }, json: clean.json === "{}" ? "" : `,${clean.json.slice(1, -1)}` };
  }

  private time(): string {
    const now = Date.now();
    if (now !== this.clock.at) this.clock = { at: now, text: new Date(now).toISOString() };
    return this.clock.text;
  }
}

/** JSON of a text that is mostly the one of the call before. */
function jsonOfRepeated(): (text: string) => string {
  let last = "";
  let json = '""';
  return (text) => {
    if (text !== last) [last, json] = [text, JSON.stringify(text)];
    return json;
  };
}

function plain(value: unknown): unknown {
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
  return typeof value === "bigint" ? value.toString() : value;
}

/** A field that JSON cannot hold (a circle) must not stop the line. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '{"cut":"The fields could not be written as JSON."}';
  }
}

function parseObject(json: string): { fields: Record<string, unknown>; json: string } | null {
  try {
    return { fields: JSON.parse(json) as Record<string, unknown>, json };
  } catch {
    return null; // redaction broke the JSON; the caller leaves the fields out rather than risk a secret
  }
}
