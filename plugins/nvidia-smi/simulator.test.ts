import { describe, expect, test } from "bun:test";
import { join } from "node:path";

const program = join(import.meta.dir, "testing", "run.ts");

async function run(...args: string[]): Promise<{ output: string; code: number }> {
  const child = Bun.spawn([process.execPath, program, ...args], { stdout: "pipe", stderr: "inherit" });
  const [output, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  return { output, code };
}

describe("the simulated nvidia-smi", () => {
  test("answers a query with header and units", async () => {
    const { output, code } = await run("--query-gpu=index,name,memory.total,utilization.gpu,ecc.errors.uncorrected.volatile.total", "--format=csv");
    expect(code).toBe(0);
    const [header, row, rest] = output.split("\n");
    expect(header).toBe("index, name, memory.total [MiB], utilization.gpu [%], ecc.errors.uncorrected.volatile.total");
    expect(row).toMatch(/^0, Simulated GPU \(fast-test\), 24564 MiB, \d{1,3} %, \[N\/A\]$/);
    expect(rest).toBe("");
  });

  test("is idle where nothing runs, and busy on the GPU where something does", async () => {
    const query = ["--query-gpu=uuid,utilization.gpu,power.draw", "--format=csv,noheader,nounits"];
    const rows = async (env: Record<string, string>) => {
      const child = Bun.spawn([process.execPath, program, ...query], { stdout: "pipe", stderr: "inherit", env: { ...process.env, ISENGARD_SIM_SCENARIO: "two-gpus", ...env } });
      return (await new Response(child.stdout).text()).trim().split("\n").map((line) => line.split(", "));
    };
    const [first, second] = await rows({});
    for (const row of [first!, second!]) expect([Number(row[1]), Number(row[2]) < 30]).toEqual([0, true]);
    const [idle, busy] = await rows({ ISENGARD_SIM_BUSY: second![0]! });
    expect([Number(idle![1]), Number(busy![1]) > 50, Number(busy![2]) > 150]).toEqual([0, true, true]);
    for (const row of await rows({ ISENGARD_SIM_BUSY: "*" })) expect(Number(row[1])).toBeGreaterThan(50);
  });

  test("answers AI-Toolkit's own query without header and units", async () => {
    const fields = "index,name,driver_version,temperature.gpu,utilization.gpu,utilization.memory,memory.total,memory.free,memory.used,power.draw,power.limit,clocks.current.graphics,clocks.current.memory,fan.speed";
    const { output, code } = await run(`--query-gpu=${fields}`, "--format=csv,noheader,nounits");
    expect(code).toBe(0);
    const cells = output.trimEnd().split(", ");
    expect(cells.length).toBe(14);
    expect(cells.filter((_, index) => index !== 1 && index !== 2).every((cell) => /^\d+(\.\d+)?$/.test(cell))).toBe(true);
    expect(Number(cells[6])).toBe(Number(cells[7]) + Number(cells[8]));
  });

  test("refuses an unknown field like the real one", async () => {
    expect(await run("--query-gpu=index,bogus", "--format=csv")).toEqual({ output: 'Field "bogus" is not a valid field to query.\n\n', code: 2 });
    expect((await run("--query-gpu=constructor", "--format=csv")).code).toBe(2);
  });

  test.each(["--query-gpu=index", "--format=csv", "--nonsense", "--query-gpu=index --format=xml"])("exits with 2 for %s", async (args) => {
    expect((await run(...args.split(" "))).code).toBe(2);
  });

  test("lists the GPU and prints a short summary", async () => {
    expect(await run("-L")).toEqual({ output: "GPU 0: Simulated GPU (fast-test) (UUID: GPU-5157a7ed-0000-4000-8000-00fa577e5700)\n", code: 0 });
    const summary = await run();
    expect(summary.code).toBe(0);
    expect(summary.output).toContain("Driver Version:");
    expect(new Set(summary.output.trimEnd().split("\n").map((line) => line.length)).size).toBe(1);
  });
});
