import { build } from "../base/identity.ts";
import { ConfigError } from "../base/config.ts";
import { DataProblem } from "../db/data-problem.ts";
import { explainSystemError } from "../base/system-error.ts";
import { TrustError } from "./trust.ts";

/** Exit codes of the commands: what was asked for did not work, or cannot work with these settings. */
const exitCodes = { failed: 1, settings: 2 } as const;

/** Something that a person could have expected, already in whole sentences. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/**
 * The end of any command that threw, in sentences: never a stack or a piece of the program, which tell a person nothing. What Isengard
 * did not foresee is said to be that; `debug` adds where it happened, for a report.
 */
export function explainEnd(error: unknown, debug: boolean): { readonly text: string; readonly code: number } {
  if (error instanceof ConfigError || error instanceof TrustError) return { text: error.message, code: exitCodes.settings };
  if (error instanceof CommandError) return { text: error.message, code: exitCodes.failed };
  if (error instanceof DataProblem) return { text: `${error.message} ${error.detail} ${error.fix}`, code: exitCodes.failed };
  const refusal = explainSystemError(error, subjectOf(error));
  const why = refusal === null ? `${unforeseen} ${error instanceof Error ? error.message : String(error)}` : `${refusal.why} ${refusal.fix}`;
  const where = debug && error instanceof Error ? `\n${error.stack}` : "";
  return { text: `That did not work. ${oneLine(why)}${where}`, code: exitCodes.failed };
}

const unforeseen = `Isengard ${build} did not foresee this (ISENGARD_LOG_LEVEL=debug shows where):`;

function subjectOf(error: unknown): string {
  if (!(error instanceof Error)) return "it";
  for (const key of ["path", "dest", "hostname", "address"]) {
    const value: unknown = Reflect.get(error, key);
    if (typeof value === "string" && value !== "") return value;
  }
  return "a file that is needed";
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").slice(0, 600);
}
