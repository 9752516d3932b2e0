import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { scenario, speed } from "../../simulation/speed.ts";
import { type Faults, faultsFor } from "./faults.ts";
import { type JobFile, readJobFile } from "./job-file.ts";
import { loadModel } from "./load.ts";
import { Pace } from "./pace.ts";
import { loadPhotos } from "./photos.ts";
import { dumpJson, dumpYaml, Interrupted, PythonError } from "./python.ts";
import type { Run } from "./run.ts";
import { sample } from "./samples.ts";
import { Screen } from "./screen.ts";
import { trainLoop } from "./train-loop.ts";
import { TrainerDb } from "./trainer-db.ts";

const rule = "=".repeat(40);
const usage = "usage: run.py [-h] [-r] [-n NAME] [-l LOG] config_file_list [config_file_list ...]";

/**
 * Stands in for `python run.py`: the same arguments, text, files, databases, signals and exit codes as AI-Toolkit
 * 0.12.26 training a FLUX.1 LoRA, in about 45 seconds for 1500 steps. Trains nothing.
 */
export async function simulateAiToolkit(args: string[]): Promise<number> {
  const options = readArguments(args);
  if (options === null) return 2;
  const screen = new Screen(options.log);
  const faults = faultsFor(scenario());
  const pace = new Pace(speed() / faults.slowness);
  listen(pace, faults);
  screen.print(`Running ${options.configs.length} job${options.configs.length === 1 ? "" : "s"}`);
  let completed = 0, failures = 0;
  for (const config of options.configs) {
    const run: { job: Run | null } = { job: null };
    try {
      await runJob(config, options.name, screen, pace, faults, run);
      completed++;
    } catch (error) {
      if (error instanceof Interrupted) {
        interrupted(run.job, screen, options.recover);
        if (!options.recover) return 0;
        continue;
      }
      failures++;
      const failure = error instanceof PythonError ? error : asPython(error);
      report(failure, run.job, screen, completed, failures, options.recover);
      if (!options.recover) return 1;
    } finally {
      run.job?.db?.close();
    }
  }
  faults.done();
  return 0;
}

interface Options { readonly configs: string[]; readonly recover: boolean; readonly name: string | null; readonly log: string | null }

function readArguments(args: string[]): Options | null {
  try {
    const { values, positionals } = parseArgs({
      args, allowPositionals: true, strict: true,
      options: { recover: { type: "boolean", short: "r" }, name: { type: "string", short: "n" }, log: { type: "string", short: "l" } },
    });
    if (positionals.length === 0) throw new Error("the following arguments are required: config_file_list");
    return { configs: positionals, recover: values.recover ?? false, name: values.name ?? null, log: values.log ?? null };
  } catch (error) {
    console.error(`${usage}\nrun.py: error: ${(error as Error).message}`);
    return null;
  }
}

/** An interrupt ends the work cleanly; other signals have no handler, so they end the process as the system does it. */
function listen(pace: Pace, faults: Faults): void {
  if (faults.ignoresSignals) {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
  } else {
    process.on("SIGINT", () => pace.interrupt());
  }
}

async function runJob(
  config: string, name: string | null, screen: Screen, pace: Pace, faults: Faults, place: { job: Run | null },
): Promise<void> {
  const job = readJobFile(config, name);
  screen.print(dumpJson(job.process));
  if (job.ema) screen.print("Using EMA");
  const run = start(job, screen, pace, faults);
  place.job = run;
  run.db?.status("running", "Starting");
  screen.print(`\n${"#".repeat(45)}\n# Running job: ${job.name}\n${"#".repeat(45)}\n\n\nRunning  1 process`);
  mkdirSync(run.outputDir, { recursive: true });
  writeFileSync(join(run.outputDir, "config.yaml"), dumpYaml(job.whole));
  await loadModel(run);
  await loadPhotos(run);
  if (job.datasets.some((dataset) => dataset.cacheText)) announceUnload(screen);
  run.lastSave = run.step;
  run.db?.maybeStop();
  run.db?.set("step", run.step);
  run.db?.status("running", "Training");
  if (job.skipFirstSample || job.disableSampling) screen.print("Skipping first sample due to config setting");
  else if (run.step <= 1) {
    screen.print("Generating baseline samples before training");
    await sample(run);
  }
  await trainLoop(run);
  run.db?.status("completed", "Training completed");
}

function start(job: JobFile, screen: Screen, pace: Pace, faults: Faults): Run {
  const db = TrainerDb.open(job.controlDb, process.env.AITK_JOB_ID);
  if (db !== null) screen.print(`Using SQLite database at ${job.controlDb}\nJob ID: "${process.env.AITK_JOB_ID}"`);
  const outputDir = join(job.trainingFolder, job.name);
  return { job, outputDir, screen, pace, faults, db, photoCount: 0, looks: null, step: 0, startStep: 0, epoch: 0, lastSave: 0, bar: null };
}

function announceUnload(screen: Screen): void {
  screen.print("Caching embeddings and unloading text encoder\n\n***** UNLOADING TEXT ENCODER *****");
  screen.print(`Embeddings cached to disk. We dont need the text encoder anymore\n${"*".repeat(35)}\n`);
}

/** Nothing is saved. With the control database the bar stays silent; without, it paints once more at the end. */
function interrupted(run: Run | null, screen: Screen, recover: boolean): void {
  if (run?.db) {
    run.bar?.silence();
    run.db.status("stopped", "Job stopped");
    run.db.set("step", run.lastSave);
  }
  if (recover) return;
  screen.print(`\n${rule}\nJob stopped\n${rule}`);
  run?.bar?.close();
}

function report(error: PythonError, run: Run | null, screen: Screen, completed: number, failures: number, recover: boolean): void {
  screen.print(`Error running job: ${error.message}`);
  if (run === null) screen.print("Error running on_error: cannot access local variable 'job' where it is not associated with a value");
  if (run?.db) {
    if (!run.db.stopping) run.db.status("error", error.message);
    run.db.set("step", run.lastSave);
  }
  if (recover) return;
  const count = (amount: number, noun: string) => ` - ${amount} ${noun}${amount === 1 ? "" : "s"}`;
  screen.print(`\n${rule}\nResult:\n${count(completed, "completed job")}\n${count(failures, "failure")}\n${rule}`);
  for (const earlier of error.chain) {
    screen.print(`Traceback (most recent call last):\n${earlier}\n\nThe above exception was the direct cause of the following exception:\n`);
  }
  screen.print(`Traceback (most recent call last):\n  File "${process.cwd()}/run.py", line 147, in <module>\n    main()`);
  screen.print(`  File "${process.cwd()}/run.py", line 132, in main\n    raise e\n${error.type}: ${error.message}`);
  run?.bar?.close();
}

/** A real fault of the file system has the words that Python would use. */
function asPython(error: unknown): PythonError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC") return new PythonError("OSError", "[Errno 28] No space left on device");
  return new PythonError("Exception", error instanceof Error ? error.message : String(error));
}
