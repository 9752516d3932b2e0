import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hubFault } from "./hub-faults.ts";
import { PythonError } from "./python.ts";
import type { Run } from "./run.ts";

/** Longest time that a simulated hang lasts, so that no test can leave one for ever. */
const hangMs = 3_600_000;
const grandchildSeconds = "600";
const oneMegabyte = 1_000_000;

/** Where a scenario changes the course of a training. Everything else is the same in each. */
export interface Faults {
  /** Factor on all times. */
  readonly slowness: number;
  readonly downloads: boolean;
  readonly ignoresSignals: boolean;
  loading(model: string): void;
  /** Before the loss of a step is shown; null when the step was skipped. */
  step(run: Run, step: number): Promise<"learned" | null>;
  saving(): void;
  /** Throws where the optimizer cannot be saved. */
  savingOptimizer(): void;
  /** Whether the numbers are spoilt, so that the loss is 0 and the pictures are noise. */
  ruined(run: Run): boolean;
  /** False: the program ends well and leaves no final file. */
  readonly savesFinal: boolean;
  /** After a training that ended by itself. */
  done(): void;
}

const none: Faults = {
  slowness: 1, downloads: false, ignoresSignals: false, savesFinal: true,
  loading: () => {}, step: async () => "learned", saving: () => {}, savingOptimizer: () => {}, ruined: () => false, done: () => {},
};

export function faultsFor(scenario: string): Faults {
  switch (scenario) {
    case "slow": return { ...none, slowness: 4, downloads: true };
    case "out-of-memory": return outOfMemory();
    case "nan": return notANumber();
    case "hang": return { ...none, step: async (run, step) => (isAt(run, step, 0.3) ? await hang() : "learned") };
    case "ignore-term": return { ...none, ignoresSignals: true };
    case "grandchild": return grandchild();
    case "die-at-step": return { ...none, step: async (run, step) => dieOnce(run, step) };
    case "garbage": return { ...none, step: async (run, step) => garbage(run, step) };
    case "gated-model": return { ...none, loading: refuseModel };
    case "native-crash": return { ...none, step: async (run, step) => dieOnce(run, step, "SIGSEGV") };
    case "corrupt-model": return { ...none, loading: refuseFile };
    case "gpu-fault": return { ...none, step: async (run, step) => (isAt(run, step, 0.3) ? loseGpu() : "learned") };
    case "skipped-steps": return { ...none, step: async (run, step) => skipTwo(run, step) };
    case "no-result": return { ...none, savesFinal: false };
    case "optimizer-unsaved": return { ...none, savingOptimizer: refuseOptimizer };
    case "disk-full": return { ...none, saving: refuseToSave };
    default: return { ...none, loading: hubFault(scenario) ?? none.loading };
  }
}

function isAt(run: Run, step: number, share: number): boolean {
  return step === Math.max(1, Math.floor(run.job.steps * share));
}

/** Two batches do not fit, the next ones do. */
function skipTwo(run: Run, step: number): "learned" | null {
  const failed = step - Math.max(1, Math.floor(run.job.steps * 0.2)) + 1;
  if (failed !== 1 && failed !== 2) return "learned";
  skipped(run, failed);
  return null;
}

function refuseFile(): never {
  throw new PythonError("safetensors._safetensors_rust.SafetensorError", "Error while deserializing header: incomplete metadata, file not fully covered");
}

function loseGpu(): never {
  throw new PythonError("RuntimeError", "CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously reported at some other API call.");
}

function refuseOptimizer(): never {
  throw new Error("[enforce fail at inline_container.cc:862] . PytorchStreamWriter failed writing file data/41: file write failed");
}

function skipped(run: Run, failed: number): void {
  const frame = "#".repeat(48);
  for (const line of ["", frame, `# OOM during training step, skipping batch ${failed}/3 #`, frame, ""]) run.screen.print(line);
}

/** Three batches in a row do not fit, then the training gives up, in the words of the real one. */
function outOfMemory(): Faults {
  return { ...none, step: async (run, step) => {
    const first = Math.max(1, Math.floor(run.job.steps * 0.2));
    const failed = step - first + 1;
    if (failed < 1) return "learned";
    if (failed > 3) throw new PythonError("RuntimeError", "OOM during training step 3 times in a row, aborting training");
    skipped(run, failed);
    return null;
  } };
}

function notANumber(): Faults {
  const ruined = (run: Run) => run.step >= Math.max(1, Math.floor(run.job.steps * 0.2));
  return { ...none, ruined, step: async (run) => {
    if (ruined(run)) run.screen.print("loss is nan");
    return "learned";
  } };
}

/** As a kernel of the GPU that never returns: Python does not see the interrupt, only stronger signals end it. */
async function hang(): Promise<null> {
  const end = performance.now() + hangMs;
  while (performance.now() < end) await Bun.sleep(1000);
  return null;
}

function grandchild(): Faults {
  let child: Bun.Subprocess | null = null;
  return {
    ...none,
    step: async () => {
      child ??= Bun.spawn(["sleep", grandchildSeconds], { detached: true, stdio: ["ignore", "ignore", "ignore"] });
      return "learned";
    },
    done: () => child?.kill("SIGKILL"),
  };
}

/** Dies behind the first checkpoint; a note in the output folder keeps later attempts alive. */
function dieOnce(run: Run, step: number, signal: NodeJS.Signals = "SIGKILL"): "learned" {
  const note = join(run.outputDir, ".simulated-death");
  const at = Math.min(run.job.steps - 1, Math.max(run.job.saveEvery + 2, Math.floor(run.job.steps * 0.4)));
  if (step !== at || existsSync(note)) return "learned";
  writeFileSync(note, "");
  process.kill(process.pid, signal);
  return "learned";
}

/** Bytes that no parser should stumble over: broken UTF-8, a line of a megabyte, a storm of redraws, escapes. */
function garbage(run: Run, step: number): "learned" {
  const { screen } = run;
  if (isAt(run, step, 0.2)) screen.write(Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x0a, 0xe2, 0x82, 0x0a]));
  if (isAt(run, step, 0.4)) screen.print("x".repeat(oneMegabyte));
  if (isAt(run, step, 0.6)) screen.write("\rspinning |".repeat(20_000));
  if (isAt(run, step, 0.8)) screen.write("\u001b]0;title\u0007\u001b[31m\u001b[2J\u001b[10;10Hpainted\u001b[0m\u0000\u0008\n100%|bar| 7/7 [");
  return "learned";
}

function refuseModel(model: string): void {
  const url = `https://huggingface.co/${model}/resolve/main/transformer/config.json`;
  throw new PythonError(
    "OSError",
    `${model} is not a local folder and is not a valid model identifier listed on 'https://huggingface.co/models'\n` +
      "If this is a private repository, make sure to pass a token having permission to this repo with `token` or log in with `hf auth login`.",
    [
      `requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: ${url}`,
      `huggingface_hub.errors.GatedRepoError: 401 Client Error.\n\nCannot access gated repo for url ${url}.\n` +
        `Access to model ${model} is restricted. You must have access to it and be authenticated to access it. Please log in.`,
    ],
  );
}

function refuseToSave(): void {
  throw new PythonError("safetensors._safetensors_rust.SafetensorError",
    "Error while serializing: I/O error: No space left on device (os error 28)");
}
