import type { Subprocess } from "bun";
import { CrashHistory } from "../services/backoff.ts";
import { pause } from "../base/wait.ts";
import { self } from "../base/identity.ts";
import { createReaper } from "./init-reaper.ts";

const reapEveryMs = 250;
/** The server drains within 3 s; whoever stops a container often kills after 5. */
const stopLimitMs = 4_000;
/** The exit code of a server whose settings are wrong: another start would say the same. */
const wrongSettings = 2;

/**
 * What Isengard does as process 1 of a container: it keeps a server running, hands on the signals that end one, and
 * collects every process that lost its parent. Holders and their children are not touched, however often the server is
 * started again; they end with the container. The promise is the exit code.
 */
export async function init(flags: readonly string[]): Promise<number> {
  const crashes = new CrashHistory();
  const asked = new AbortController();
  let server: Subprocess | null = null;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      asked.abort();
      server?.kill(signal);
    });
  }
  process.on("SIGHUP", () => undefined);
  setInterval(createReaper(() => server?.pid ?? null), reapEveryMs);
  for (;;) {
    server = startServer(flags);
    const code = server === null ? 1 : await endOf(server, asked.signal);
    if (asked.signal.aborted || code === wrongSettings) return code;
    server = null;
    const { delayMs } = crashes.crashed(performance.now());
    console.error(`Isengard's server ended (code ${code}) and is started again in ${(delayMs / 1000).toFixed(1)} s; trainings go on.`);
    await pause(delayMs, asked.signal);
    if (asked.signal.aborted) return 0;
  }
}

/** In a session of its own: Ctrl+C in the container's terminal must reach it once, through us. */
function startServer(flags: readonly string[]): Subprocess | null {
  try {
    return Bun.spawn([...self, ...flags], { stdio: ["inherit", "inherit", "inherit"], detached: true });
  } catch (error) {
    // The file is being replaced, or memory is short: that passes, and process 1 must not end by it.
    console.error(`Isengard's server could not be started: ${String(error)}`);
    return null;
  }
}

async function endOf(server: Subprocess, asked: AbortSignal): Promise<number> {
  let late: ReturnType<typeof setTimeout> | undefined;
  const limit = () => (late = setTimeout(() => server.kill("SIGKILL"), stopLimitMs));
  asked.addEventListener("abort", limit, { once: true });
  try {
    return await server.exited;
  } finally {
    asked.removeEventListener("abort", limit);
    clearTimeout(late);
  }
}
