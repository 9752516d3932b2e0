import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanEnv, endLeftovers, executablePath, startExecutable } from "../testing/executable.ts";
import { type Measure, median } from "./report.ts";

const rounds = 15;

/** A compiled server that does nothing but answer: what Bun itself costs, in the same run. */
export async function buildBareServer(folder: string): Promise<string> {
  const source = join(folder, "bare.ts");
  await Bun.write(source, 'Bun.serve({ hostname: "127.0.0.1", port: Number(process.argv[2]), fetch: () => new Response("ok") });');
  const outfile = join(folder, "bare");
  await Bun.build({ entrypoints: [source], target: "bun", format: "esm", minify: true, bytecode: true, compile: { outfile, autoloadDotenv: false, autoloadBunfig: false } });
  return outfile;
}

export async function benchStart(): Promise<Measure[]> {
  const scratch = mkdtempSync(join(tmpdir(), "isengard-bench-"));
  const bare = await buildBareServer(scratch);
  const data = join(scratch, "data-folder");
  const ours: number[] = [];
  const pages: number[] = [];
  const theirs: number[] = [];
  // One start that does not count: the first on an empty folder makes the databases.
  const isengard = [executablePath, "--mode", "fast-test", "--data", data, "--no-open", "--port"];
  await timeStart(isengard, "/health");
  const authorization = `Bearer ${readFileSync(join(data, "data/secrets/token"), "utf8").trim()}`;
  for (let round = 0; round < rounds; round++) {
    ours.push(await timeStart(isengard, "/health"));
    pages.push(await timeStart(isengard, "/", { authorization }));
    theirs.push(await timeStart([bare], "/"));
  }
  const bareMb = await restingMb([bare, "0"]);
  const server = await startExecutable();
  await Bun.sleep(5000);
  const restMb = rssMb(server.pid);
  await server.dispose();
  await endLeftovers(scratch);
  rmSync(scratch, { recursive: true, force: true });
  const bareMs = median(theirs);
  return [
    { name: "start to the first 200 (median of 15)", value: median(ours), unit: "ms", goal: { kind: "at most", value: 50 }, beside: `bare Bun server ${bareMs.toFixed(1)} ms` },
    { name: "start to the first page with its data (median of 15)", value: median(pages), unit: "ms" },
    { name: "memory at rest, 5 s after the start", value: restMb, unit: "MB", goal: { kind: "at most", value: 60 }, beside: `bare Bun server ${bareMb.toFixed(1)} MB` },
    { name: "size of the executable", value: Bun.file(executablePath).size / 1e6, unit: "MB", goal: { kind: "at most", value: 125 } },
  ];
}

async function timeStart(command: readonly string[], path: string, headers: Record<string, string> = {}): Promise<number> {
  const port = freePort();
  const started = performance.now();
  const child = Bun.spawn([...command, String(port)], { env: cleanEnv(), stdio: ["ignore", "ignore", "ignore"] });
  for (;;) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
      if (answer.status === 200) break;
    } catch {
      if (performance.now() - started > 10_000) throw new Error(`${command[0]} did not answer within 10 s`);
      await Bun.sleep(1);
    }
  }
  const elapsed = performance.now() - started;
  child.kill("SIGTERM");
  await child.exited;
  return elapsed;
}

function freePort(): number {
  const probe = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const port = probe.port!;
  void probe.stop(true);
  return port;
}

async function restingMb(command: readonly string[]): Promise<number> {
  const child = Bun.spawn([...command], { env: cleanEnv(), stdio: ["ignore", "ignore", "ignore"] });
  await Bun.sleep(3000);
  const mb = rssMb(child.pid);
  child.kill("SIGTERM");
  await child.exited;
  return mb;
}

export function rssMb(pid: number, field: "VmRSS" | "VmHWM" = "VmRSS"): number {
  const line = readFileSync(`/proc/${pid}/status`, "utf8").match(new RegExp(`${field}:\\s+(\\d+) kB`))!;
  return (Number(line[1]) * 1024) / 1e6;
}
