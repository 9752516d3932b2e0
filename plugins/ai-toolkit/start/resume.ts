import { existsSync } from "node:fs";
import { mkdir, readdir, rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { safeStep } from "../ends/pause.ts";
import { checkFinal, checkLora, type LoraFile } from "../ends/final-file.ts";

export interface ResumePlan {
  /** Set when the training had already ended well; nothing needs to be run. */
  readonly finished: LoraFile | null;
  /** What is not loaded, since it was moved away or is not there, each as a sentence. */
  readonly moved: string[];
  /** Names of the files that were moved away. */
  readonly setAside: string[];
}

/**
 * Makes the output folder safe to start in. AI-Toolkit resumes from whatever changed last among all names that start
 * with the job's name, and crashes on a damaged one; so everything there that is not a whole checkpoint is moved to
 * `quarantineDir`, which lies outside. Only to be called while no training runs.
 */
export async function prepareResume(outputDir: string, quarantineDir: string, jobName: string, steps: number): Promise<ResumePlan> {
  const final = checkFinal(outputDir, jobName, steps);
  if (final.complete) return { finished: final.file, moved: [], setAside: [] };
  const moved: string[] = [];
  const setAside: string[] = [];
  for (const entry of await readdir(outputDir, { withFileTypes: true }).catch(() => [])) {
    if (!entry.name.startsWith(jobName)) continue;
    const check = entry.isFile() && entry.name.endsWith(".safetensors")
      ? checkLora(join(outputDir, entry.name))
      : { complete: false as const, why: "It is not a checkpoint." };
    if (check.complete) continue;
    await quarantine(join(outputDir, entry.name), quarantineDir);
    setAside.push(entry.name);
    moved.push(`${entry.name} was set aside before training: ${check.why}`);
  }
  const lost = optimizerLost(outputDir, safeStep(outputDir, jobName));
  if (lost !== null) moved.push(lost);
  return { finished: null, moved, setAside };
}

/** Whether the next start would set a damaged checkpoint aside, so that trying again changes something. */
export async function hasDamagedCheckpoint(outputDir: string, jobName: string): Promise<boolean> {
  const names = await readdir(outputDir).catch(() => []);
  return names.some((name) => name.startsWith(jobName) && name.endsWith(".safetensors") && !checkLora(join(outputDir, name)).complete);
}

/** The weights alone go on well, but the first steps are rougher; the person should know why. */
function optimizerLost(outputDir: string, step: number | null): string | null {
  if (step === null || existsSync(join(outputDir, "optimizer.pt"))) return null;
  return `The training goes on from step ${step.toLocaleString("en-US")} without the optimizer's state, which could not be saved (optimizer lost). Its first steps may be a little rougher.`;
}

async function quarantine(path: string, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  await rename(path, join(dir, `${Date.now()}-${basename(path)}`));
}
