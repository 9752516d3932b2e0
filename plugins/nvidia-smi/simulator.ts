import { answerQuery, type SimulatedGpu } from "./query.ts";

const version = "580.95.05";
const cudaVersion = "13.0";
const usage = "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n";
/** A hanging nvidia-smi hangs until somebody ends it; this one gives up after an hour. */
const hangMs = 3_600_000;

/**
 * Stands in for nvidia-smi in fast-test: `isengard simulate nvidia-smi …`. The promise is the exit code, which like the
 * real one is 0, or 2 for wrong arguments. ISENGARD_SIM_SCENARIO=hang never answers, as with a GPU that fell off the bus.
 */
export async function simulateNvidiaSmi(args: string[]): Promise<number> {
  if (process.env["ISENGARD_SIM_SCENARIO"] === "hang") await Bun.sleep(hangMs);
  const gpu = gpuAt(Date.now());
  const { output, code } = answer(args, gpu);
  await Bun.write(Bun.stdout, output);
  return code;
}

function answer(args: string[], gpu: SimulatedGpu): { output: string; code: number } {
  if (args.length === 0) return { output: summary(gpu), code: 0 };
  if (args.length === 1 && (args[0] === "-L" || args[0] === "--list-gpus")) {
    return { output: `GPU ${gpu.index}: ${gpu.name} (UUID: ${gpu.uuid})\n`, code: 0 };
  }
  const query = valueOf(args, "--query-gpu");
  const format = valueOf(args, "--format");
  const known = args.every((arg) => arg.startsWith("--query-gpu=") || arg.startsWith("--format="));
  if (!known || query === null || format === null) return { output: usage, code: 2 };
  return answerQuery(query, format, gpu);
}

function valueOf(args: string[], option: string): string | null {
  return args.find((arg) => arg.startsWith(`${option}=`))?.slice(option.length + 1) ?? null;
}

/** Values wander slowly and alike for everybody who asks at the same time. */
function gpuAt(now: number): SimulatedGpu {
  const wave = (periodMs: number) => (1 + Math.sin((now / periodMs) * 2 * Math.PI)) / 2;
  const load = 0.7 * wave(40_000) + 0.3 * wave(7000);
  return {
    index: 0,
    uuid: "GPU-5157a7ed-0000-4000-8000-00fa577e5700",
    name: "Simulated GPU (fast-test)",
    driverVersion: version,
    memoryTotalMib: 24564,
    memoryUsedMib: Math.round(1800 + 17_000 * wave(90_000)),
    utilizationPercent: Math.round(100 * load),
    temperatureC: Math.round(38 + 34 * wave(60_000)),
    powerW: 42 + 330 * load,
    powerLimitW: 450,
    fanPercent: Math.round(30 + 40 * wave(60_000)),
    graphicsMhz: Math.round(210 + 2400 * load),
    memoryMhz: 10_501,
  };
}

function summary(gpu: SimulatedGpu): string {
  const row = (text: string) => `| ${text.padEnd(75)} |\n`;
  const rule = `+${"-".repeat(77)}+\n`;
  const used = `${gpu.memoryUsedMib}MiB / ${gpu.memoryTotalMib}MiB`;
  const power = `${Math.round(gpu.powerW)}W / ${gpu.powerLimitW}W`;
  return rule + row(`NVIDIA-SMI ${version}   Driver Version: ${version}   CUDA Version: ${cudaVersion}`) + rule +
    row(`${gpu.index}  ${gpu.name}  ${gpu.temperatureC}C  ${power}  ${used}  ${gpu.utilizationPercent}%`) + rule;
}
