/**
 * Faults of the system calls, by strace (Debian: apt-get install strace; `npm test` installs it where it may). A rule is what
 * strace takes behind "inject=", as in "fsync,fdatasync:error=EIO:when=3"; see strace(1).
 */
const strace = Bun.which("strace");

/** False: it is missing, or this account may not trace. Tests that need it are then skipped: `test.skipIf(!canTrace)`. */
export const canTrace = strace !== null && Bun.spawnSync([strace, "-o", "/dev/null", "true"], { stdout: "ignore", stderr: "ignore" }).exitCode === 0;

export interface InjectOptions {
  /** Only calls that touch this file or folder itself. */
  readonly path?: string;
  /** Where every traced call is written down. */
  readonly output?: string;
}

/** The words that start a program with a fault in it; what it starts has the fault too. */
export function straced(rule: string, words: readonly string[], options: InjectOptions = {}): string[] {
  return ["strace", "-f", ...rules(rule, options), ...words];
}

/** Goes before a program whose main thread alone gets the fault; it keeps its own process number. */
export function faultyMainThread(rule: string, options: InjectOptions = {}): string[] {
  return ["strace", "-D", ...rules(rule, options)];
}

/** Puts a fault into a running process until the answer is called. */
export async function injectInto(pid: number, rule: string, options: InjectOptions = {}): Promise<() => Promise<void>> {
  const tracer = Bun.spawn(["strace", "-f", "-p", String(pid), ...rules(rule, options)], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const first = await tracer.stderr.getReader().read();
  const said = new TextDecoder().decode(first.value);
  if (!said.includes("attached")) throw new Error(`strace could not be attached to ${pid}: ${said}`);
  return async () => {
    tracer.kill("SIGINT");
    await tracer.exited;
  };
}

function rules(rule: string, { path, output = "/dev/null" }: InjectOptions): string[] {
  const [calls] = rule.split(":");
  return ["-o", output, ...(path === undefined ? [] : ["-P", path]), "-e", `trace=${calls}`, "-e", `inject=${rule}`];
}
