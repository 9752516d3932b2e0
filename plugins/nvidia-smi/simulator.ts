import { type Busy, driverVersion, machineOf } from "./machine.ts";
import { answerQuery, type SimulatedGpu } from "./query.ts";

const cudaVersion = "13.0";
const usage = "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n";
/** A hanging nvidia-smi hangs until somebody ends it; this one gives up after an hour. */
const hangMs = 3_600_000;

/**
 * Stands in for nvidia-smi in fast-test: `isengard simulate nvidia-smi …`. The promise is the exit code, which like the
 * real one is 0, 2 for wrong arguments, or that of a fault. ISENGARD_SIM_SCENARIO: see `machine.ts`.
 * ISENGARD_SIM_BUSY names the GPUs on which something runs, by UUID with commas between them; `*` is each of them.
 */
export async function simulateNvidiaSmi(args: string[]): Promise<number> {
  const machine = machineOf(process.env["ISENGARD_SIM_SCENARIO"] ?? "", Date.now(), busyBy(process.env["ISENGARD_SIM_BUSY"] ?? ""));
  if (machine.kind === "hangs") {
    await Bun.sleep(hangMs);
    return 1;
  }
  const { output, code } = machine.kind === "failure" ? machine : answer(args, machine.gpus);
  await Bun.write(Bun.stdout, output);
  return code;
}

function busyBy(names: string): Busy {
  const busy = names.split(",");
  return (uuid) => busy.includes("*") || busy.includes(uuid);
}

function answer(args: string[], gpus: readonly SimulatedGpu[]): { output: string; code: number } {
  if (args.length === 0) return { output: summary(gpus), code: 0 };
  if (args.length === 1 && (args[0] === "-L" || args[0] === "--list-gpus")) {
    return { output: gpus.map((gpu) => `GPU ${gpu.index}: ${gpu.name} (UUID: ${gpu.uuid})\n`).join(""), code: 0 };
  }
  const query = valueOf(args, "--query-gpu");
  const format = valueOf(args, "--format");
  const known = args.every((arg) => arg.startsWith("--query-gpu=") || arg.startsWith("--format="));
  if (!known || query === null || format === null) return { output: usage, code: 2 };
  return answerQuery(query, format, gpus);
}

function valueOf(args: string[], option: string): string | null {
  return args.find((arg) => arg.startsWith(`${option}=`))?.slice(option.length + 1) ?? null;
}

function summary(gpus: readonly SimulatedGpu[]): string {
  const row = (text: string) => `| ${text.padEnd(75)} |\n`;
  const rule = `+${"-".repeat(77)}+\n`;
  const line = (gpu: SimulatedGpu) => {
    const used = `${gpu.memoryUsedMib}MiB / ${gpu.memoryTotalMib}MiB`;
    const power = `${Math.round(gpu.powerW)}W / ${gpu.powerLimitW}W`;
    return row(`${gpu.index}  ${gpu.name}  ${gpu.temperatureC}C  ${power}  ${used}  ${gpu.utilizationPercent}%`);
  };
  return rule + row(`NVIDIA-SMI ${driverVersion}   Driver Version: ${driverVersion}   CUDA Version: ${cudaVersion}`) + rule + gpus.map(line).join("") + rule;
}
