import { join } from "node:path";
import { sequence } from "../../simulation/face.ts";
import { checkpointPath, oldSaves, removeSave, writeCheckpoint, writeOptimizer } from "./checkpoints.ts";
import { LossLog } from "./loss-log.ts";
import { PythonError } from "./python.ts";
import type { Run } from "./run.ts";
import { sample } from "./samples.ts";
import { ProgressBar } from "./tqdm.ts";

const msPerStep = 16;
const msPerSave = 250;

/** The loop of the real trainer, step by step: the same order of saves, samples, log rows and flags. */
export async function trainLoop(run: Run): Promise<void> {
  const { job, screen } = run;
  const log = job.uiLogger ? new LossLog(join(run.outputDir, "loss_log.db")) : null;
  const bar = new ProgressBar(screen, { label: job.name, total: job.steps, initial: run.step, smoothing: 0.7 });
  run.bar = bar;
  bar.pause();
  for (let step = run.step; step < job.steps; step++) {
    run.step = step;
    bar.unpause();
    // A dataset without a size is none, and the trainer notices it only when it asks its first batch for captions.
    if (run.photoCount === 0) throw new PythonError("AttributeError", "'NoneType' object has no attribute 'get_caption_list'");
    await run.pace.wait(msPerStep);
    const learned = await run.faults.step(run, step);
    const loss = learned === null ? null : run.faults.ruined(run) ? 0 : lossAt(step, job.name);
    if (loss !== null) bar.postfix(`lr: ${exponent(job.learningRate, 1)} loss: ${exponent(loss, 3)}`);
    if (step !== run.startStep) await duties(run, bar, log, step, loss);
    bar.update(step + 1 - bar.count);
    run.step = step + 1;
    run.epoch = Math.floor(run.step / Math.max(1, run.photoCount));
    await endOfStep(run, bar);
  }
  bar.close();
  run.bar = null;
  if (run.faults.savesFinal) await save(run, null);
  if (!job.disableSampling) await sample(run);
  screen.print("");
  log?.finish();
}

/** What follows a step except the first of a run: saving, sampling, logging. */
async function duties(run: Run, bar: ProgressBar, log: LossLog | null, step: number, loss: number | null): Promise<void> {
  const { job } = run;
  if (job.saveEvery > 0 && step % job.saveEvery === 0) {
    bar.pause();
    run.screen.print(`\nSaving at step ${step}`);
    await save(run, step);
    bar.unpause();
  }
  if (!job.disableSampling && job.sampleEvery > 0 && step % job.sampleEvery === 0) {
    bar.pause();
    await sample(run);
    bar.unpause();
  }
  if (job.logEvery > 0 && step % job.logEvery === 0) {
    log?.commit(step, loss === null ? { learning_rate: 0 } : { learning_rate: job.learningRate, "loss/loss": loss });
  }
  if (job.speedEvery > 0 && step % job.speedEvery === 0 && bar.rate !== null) {
    run.db?.set("speed_string", bar.rate >= 1 ? `${bar.rate.toFixed(2)} iter/sec` : `${(1 / bar.rate).toFixed(2)} sec/iter`);
  }
}

async function endOfStep(run: Run, bar: ProgressBar): Promise<void> {
  const { db } = run;
  if (db === null) return;
  db.set("step", run.step);
  db.maybeStop();
  if (db.wants("save_now")) {
    db.set("save_now", 0);
    bar.pause();
    run.screen.print(`\nSaving at step ${run.step}`);
    await save(run, run.step);
    bar.unpause();
  }
  if (db.wants("sample_now")) {
    db.set("sample_now", 0);
    bar.pause();
    run.screen.print(`\nSampling at step ${run.step}`);
    await sample(run);
    bar.unpause();
  }
}

async function save(run: Run, step: number | null): Promise<void> {
  const { job, db, screen } = run;
  db?.maybeStop();
  db?.status("running", "Saving model");
  await run.pace.wait(msPerSave);
  if (step !== null) run.lastSave = step;
  run.faults.saving();
  const path = checkpointPath(job, run.outputDir, step);
  writeCheckpoint(job, path, run);
  screen.print(`Saved checkpoint to ${path}`);
  const optimizer = join(run.outputDir, "optimizer.pt");
  try {
    run.faults.savingOptimizer();
    writeOptimizer(optimizer);
    screen.print(`Saved optimizer to ${optimizer}`);
  } catch (error) {
    screen.print(`${(error as Error).message}\nCould not save optimizer`);
  }
  for (const old of oldSaves(job, run.outputDir)) {
    screen.print(`Removing old save: ${old}`);
    removeSave(old);
  }
  db?.maybeStop();
  db?.status("running", "Training");
}

/** Falls from about 0.55 to 0.35 with much noise, as the loss of a FLUX LoRA does. */
function lossAt(step: number, seed: string): number {
  return 0.35 + 0.2 * Math.exp(-step / 350) + (sequence(`${seed} ${step}`)() - 0.5) * 0.14;
}

/** As Python's `{:.1e}`: the exponent has two digits. */
function exponent(value: number, digits: number): string {
  return value.toExponential(digits).replace(/e([+-])(\d)$/, "e$10$2");
}
