import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drawPortrait } from "../../simulation/portrait.ts";
import type { Run } from "./run.ts";
import { ProgressBar } from "./tqdm.ts";

const msPerPicture = 250;
const thumbnailSide = 300;
/** How clear a picture is before the first step; it becomes clear as the training goes on. */
const firstClarity = 0.45;

/** Makes one picture for each prompt, written beside and renamed into place, thumbnail first. */
export async function sample(run: Run): Promise<void> {
  const { job, db } = run;
  db?.maybeStop();
  db?.status("running", `Generating images - 0/${job.prompts.length}`);
  const position = run.bar === null ? 0 : 1;
  const bar = new ProgressBar(run.screen, { label: "Generating Images", total: job.prompts.length, leave: false, position });
  for (const [index, prompt] of job.prompts.entries()) {
    await run.pace.wait(msPerPicture);
    await makePicture(run, prompt, index);
    db?.maybeStop();
    db?.status("running", `Generating images - ${index + 1}/${job.prompts.length}`);
    bar.update(1);
  }
  bar.close();
  run.screen.print("");
  db?.maybeStop();
  db?.status("running", "Training");
}

async function makePicture(run: Run, given: string, index: number): Promise<void> {
  const { job } = run;
  const folder = join(run.outputDir, "samples");
  const partial = join(folder, ".tmp"), thumbs = join(folder, ".thumbs");
  mkdirSync(partial, { recursive: true });
  mkdirSync(thumbs, { recursive: true });
  const share = job.steps === 0 ? 1 : run.step / job.steps;
  const text = given.replaceAll("[trigger]", job.triggerWord ?? "[trigger]");
  const { prompt, seed } = readFlags(text, job.sampleSeed + (job.walkSeed ? index : 0));
  const picture = await drawPortrait({
    ...job.sampleSize, seed, prompt, format: "jpeg", identity: job.triggerWord, looks: run.looks, strength: share, watermark: true,
    clarity: run.faults.ruined(run) ? 0.03 : firstClarity + (1 - firstClarity) * share,
  });
  const name = `${Date.now()}__${String(run.step).padStart(9, "0")}_${index}.jpg`;
  writeFileSync(join(partial, name), picture);
  const thumb = await new Bun.Image(picture).resize(thumbnailSide, thumbnailSide, { fit: "inside" }).jpeg({ quality: 90 }).bytes();
  writeFileSync(join(partial, `${name}.thumb`), thumb);
  renameSync(join(partial, `${name}.thumb`), join(thumbs, `${name}.jpg`));
  renameSync(join(partial, name), join(folder, name));
}

/** Text behind `--` is options to the real program; the seed is the one that shows here. */
function readFlags(text: string, seed: number): { prompt: string; seed: number } {
  const [prompt = "", ...flags] = text.split("--");
  const own = flags.map((flag) => /^(?:seed|d) (\d+)/.exec(flag)?.[1]).find((value) => value !== undefined);
  return { prompt: prompt.trim(), seed: own === undefined ? seed : Number(own) };
}
