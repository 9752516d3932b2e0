import { existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Only a limit, no memory is taken: free space looks like that of an ordinary volume. */
const roomy = "64g";
/** The limit may not be below what lies there already, and that grows while we look. */
const fillTries = 20;

/** A folder that can be made full, as a memory disk where this account may mount one, else an ordinary folder. */
export class TestDisk {
  readonly folder = mkdtempSync(join(tmpdir(), "isengard-chaos-"));
  readonly canFill: boolean;

  constructor(wanted: boolean) {
    this.canFill = wanted && process.getuid?.() === 0 && mount("-t", "tmpfs", "-o", `size=${roomy},mode=700`, "none", this.folder);
  }

  fill(): void {
    for (let attempt = 0; this.canFill && attempt < fillTries; attempt++) {
      const { bsize, blocks, bfree } = statfsSync(this.folder);
      if (mount("-o", `remount,size=${(blocks - bfree) * bsize}`, this.folder)) return;
    }
    throw new Error("The test disk cannot be filled.");
  }

  empty(): void {
    if (!mount("-o", `remount,size=${roomy}`, this.folder)) throw new Error("The test disk cannot be made larger again.");
  }

  remove(): void {
    if (this.canFill && Bun.spawnSync(["umount", "-l", this.folder]).exitCode !== 0) throw new Error(`${this.folder} could not be unmounted.`);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function mount(...args: string[]): boolean {
  return Bun.spawnSync(["mount", ...args], { stdio: ["ignore", "ignore", "ignore"] }).exitCode === 0;
}

/** Where Debian puts libfaketime. */
export const faketimePaths = ["/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"];

/** Moves the wall clock of one program, by libfaketime (Debian: apt-get install libfaketime). null: it is not there. */
export class TestClock {
  static find(folder: string): TestClock | null {
    const library = faketimePaths.find((path) => existsSync(path));
    return library === undefined ? null : new TestClock(library, join(folder, ".clock"));
  }

  private constructor(private readonly library: string, private readonly file: string) {
    this.jump(0);
  }

  /** For the server only: children get their environment from a list that leaves these out. */
  get env(): Record<string, string> {
    return {
      LD_PRELOAD: this.library, FAKETIME_TIMESTAMP_FILE: this.file, FAKETIME_CACHE_DURATION: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1",
      FAKETIME_DONT_RESET: "1",
    };
  }

  jump(days: number): void {
    writeFileSync(this.file, `${days >= 0 ? "+" : ""}${days}d\n`);
  }
}
