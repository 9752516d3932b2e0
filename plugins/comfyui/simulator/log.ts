/** Everything goes to stderr with the coloured prefix of 0.23 and later; the last 300 entries are kept for the log route. */
const ringSize = 300;
const colours = {
  INFO: "\u001b[32m[INFO]\u001b[0m",
  WARNING: "\u001b[1m\u001b[33m[WARNING]\u001b[0m",
  ERROR: "\u001b[1m\u001b[31m[ERROR]\u001b[0m",
} as const;

export interface LogRecord {
  readonly t: string;
  readonly m: string;
}

export class SimulatorLog {
  readonly entries: LogRecord[] = [];

  line(level: keyof typeof colours, text: string): void {
    this.raw(`${colours[level]} ${text}\n`);
  }

  /** Without prefix or line break, for progress bars and garbage. */
  raw(text: string): void {
    this.entries.push({ t: new Date().toISOString(), m: text });
    if (this.entries.length > ringSize) this.entries.shift();
    process.stderr.write(text);
  }
}
