import { existsSync } from "node:fs";
import { join } from "node:path";
import { latestSave, loadSave, tensorsOf } from "./checkpoints.ts";
import { announce, countUp, type Run } from "./run.ts";
import { ProgressBar } from "./tqdm.ts";

/** The transformer's files of FLUX.1-dev, by size in bytes. */
const downloads = [["00001", 9.98e9], ["00002", 9.95e9], ["00003", 3.87e9]] as const;

/** Loads the pretended model in the order and with the words of the real one, then the LoRA and its last state. */
export async function loadModel(run: Run): Promise<void> {
  run.db?.maybeStop();
  run.db?.status("running", "Loading model");
  await announce(run, "Loading Flux model", 150);
  await announce(run, "Loading transformer", 200);
  run.faults.loading(run.job.modelPath);
  if (run.faults.downloads) await download(run);
  await run.pace.wait(600);
  if (run.job.quantize) await announce(run, "Quantizing transformer", 500);
  await announce(run, "Loading VAE", 100);
  await announce(run, "Loading T5", 100);
  await countUp(run, "Loading weights", 219, 300);
  if (run.job.quantize) await announce(run, "Quantizing T5", 300);
  await announce(run, "Loading CLIP", 50);
  await countUp(run, "Loading weights", 196, 100);
  await announce(run, "Making pipe", 50);
  await announce(run, "Preparing Model", 200);
  run.screen.print(`create LoRA network. base dim (rank): ${run.job.rank}, alpha: ${run.job.alpha}`);
  run.screen.print("neuron dropout: p=None, rank dropout: p=None, module dropout: p=None");
  run.screen.print("create LoRA for Text Encoder: 0 modules.");
  run.screen.print(`create LoRA for U-Net: ${tensorsOf(run.job.rank).length / 2} modules.`);
  run.screen.print("enable LoRA for U-Net");
  resume(run);
}

async function download(run: Run): Promise<void> {
  const files = new ProgressBar(run.screen, { label: "Fetching 3 files", total: downloads.length });
  for (const [part, bytes] of downloads) {
    const label = `transformer/diffusion_pytorch_model-${part}-of-00003.safetensors`;
    const bar = new ProgressBar(run.screen, { label, total: bytes, bytes: true, position: 1 });
    for (let piece = 0; piece < 20; piece++) {
      await run.pace.wait(60);
      bar.update(bytes / 20);
    }
    bar.close();
    files.update(1);
  }
  files.close();
}

function resume(run: Run): void {
  const latest = latestSave(run.job, run.outputDir);
  if (latest !== null) {
    run.screen.print(`#### IMPORTANT RESUMING FROM ${latest} ####`);
    run.screen.print(`Loading from ${latest}`);
    const state = loadSave(latest);
    run.screen.print("Missing keys: []");
    if (state !== null) {
      run.step = state.step;
      run.epoch = state.epoch;
      run.startStep = state.step;
      run.screen.print(`Found step ${state.step} in metadata, starting from there`);
    }
  }
  const optimizer = join(run.outputDir, "optimizer.pt");
  if (existsSync(optimizer)) {
    run.screen.print(`Loading optimizer state from ${optimizer}`);
    run.screen.print("Updating optimizer LR from params");
  }
}
