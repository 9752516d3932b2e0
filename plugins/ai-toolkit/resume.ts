import { mkdir, readdir, rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { checkFinal, checkLora, type LoraFile } from "./final-file.ts";

export interface ResumePlan {
  /** Set when the training had already ended well; nothing needs to be run. */
  readonly finished: LoraFile | null;
  /** What was moved away so that AI-Toolkit does not load it, each as a sentence. */
  readonly moved: string[];
}

/**
 * Makes the output folder safe to start in. AI-Toolkit resumes from whatever changed last among all names that start
 * with the job's name, and crashes on a damaged one; so everything there that is not a whole checkpoint is moved to
 * `quarantineDir`, which lies outside. Only to be called while no training runs.
 */
export async function prepareResume(outputDir: string, quarantineDir: string, jobName: string, steps: number): Promise<ResumePlan> {
  const final = checkFinal(outputDir, jobName, steps);
  if (final.complete) return { finished: final.file, moved: [] };
  const moved: string[] = [];
  for (const entry of await readdir(outputDir, { withFileTypes: true }).catch(() => [])) {
    if (!entry.name.startsWith(jobName)) continue;
    const check = entry.isFile() && entry.name.endsWith(".safetensors")
      ? checkLora(join(outputDir, entry.name))
      : { complete: false as const, why: "It is not a checkpoint." };
    if (check.complete) continue;
    await quarantine(join(outputDir, entry.name), quarantineDir);
    moved.push(`${entry.name} was set aside before training: ${check.why}`);
  }
  return { finished: null, moved };
}

async function quarantine(path: string, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  await rename(path, join(dir, `${Date.now()}-${basename(path)}`));
}
