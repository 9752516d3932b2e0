import { existsSync, readFileSync, rmSync } from "node:fs";
import { takenOverToken } from "../shared/hub-token.ts";
import type { Paths } from "./paths.ts";
import { writeWhole } from "./whole-file.ts";

/** The Hugging Face token lies in a file of the owner's; tools get the file's name, never the token. */
export function hfTokenIsSet(paths: Paths): boolean {
  return existsSync(paths.hfTokenFile);
}

/**
 * Keeps the token of the surroundings where none was saved, so that nobody has to paste a pod's secret again: AI-Toolkit
 * expands variables in its job file and must not see HF_TOKEN itself. A saved token stays. Returns whether it was taken.
 */
export function takeOverHfToken(paths: Paths, env: Readonly<Record<string, string | undefined>>): boolean {
  const token = takenOverToken(env);
  if (token === null || hfTokenIsSet(paths)) return false;
  saveHfToken(paths, token);
  return true;
}

/** For the redaction only; null without one. */
export function readHfToken(paths: Paths): string | null {
  return hfTokenIsSet(paths) ? readFileSync(paths.hfTokenFile, "utf8").trim() : null;
}

/** null removes it. Appears whole or not at all. */
export function saveHfToken(paths: Paths, token: string | null): void {
  if (token === null) return rmSync(paths.hfTokenFile, { force: true });
  writeWhole(paths.hfTokenFile, token);
}
