import type { ParameterValues } from "../../../server/contract/backend.ts";
import type { KnownFailure } from "../../../server/contract/job.ts";
import { failureClasses } from "./failure-classes.ts";
import { measuredMemory, memoryAdvice } from "./memory-advice.ts";

/** A line of the job file that AI-Toolkit prints at its start: a person's prompts stand in it, and prove nothing. */
const echo = /^\s*(?:"|[[\]{}],?$)/;

/**
 * The cause of a failed run from its output. Looks at what follows the last `Error running job:` when there is one,
 * since tracebacks before it belong to things that the program got over.
 */
export function diagnose(lines: readonly string[], tail: string[], values?: ParameterValues): KnownFailure {
  const start = lines.findLastIndex((line) => line.includes("Error running job:"));
  const evidence = (start < 0 ? lines.filter((line) => !echo.test(line)) : lines.slice(start)).join("\n");
  const found = failureClasses.find((entry) => entry.signs.some((sign) => sign.test(evidence)));
  if (found !== undefined) {
    const { code, what } = found;
    const measured = code === "vram" ? measuredMemory(evidence) : "";
    const why = withDetail(measured === "" ? found.why : `${found.why} ${measured}`, lastError(lines));
    const fix = code === "vram" && values !== undefined ? `${memoryAdvice(values)}; then train again.` : found.fix;
    const retryAfterSeconds = code === "network" ? retryAfter(evidence, Date.now()) : null;
    return { code, what, why, fix, tail, ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }) };
  }
  return {
    code: "unknown",
    what: "The training failed.",
    why: lines.length === 0 ? "AI-Toolkit ended before it printed anything." : withDetail("AI-Toolkit ended with an error that Isengard does not know.", lastError(lines)),
    fix: "Read the last lines below and the whole log.",
    tail,
  };
}

/** "Retry-After: 120", "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT" and the hub library's "Retry after 55 seconds". */
export function retryAfter(text: string, nowMs: number): number | null {
  const seconds = /\bretry[- ]after\b\W{1,5}(\d{1,5})\b/i.exec(text)?.[1];
  if (seconds !== undefined) return Number(seconds);
  const date = /\bretry-after\b\W{1,5}(\w{3}, \d{1,2} \w{3} \d{4} [\d:]{8} GMT)/i.exec(text)?.[1];
  return date === undefined ? null : Math.max(0, Math.ceil((Date.parse(date) - nowMs) / 1000));
}

/** Whether the GPU itself failed, whatever else was said. */
export function isGpuFault(lines: readonly string[]): boolean {
  return failureClasses.some(({ code, signs }) => code === "gpu_fault" && signs.some((sign) => sign.test(lines.join("\n"))));
}

const maxDetail = 300;

function withDetail(why: string, detail: string): string {
  return detail === "" ? why : `${why} It said: “${detail.slice(0, maxDetail)}”.`;
}

/** The text of `Error running job`, or the last line of the traceback. */
function lastError(lines: readonly string[]): string {
  const said = lines.findLast((line) => line.includes("Error running job:"));
  if (said !== undefined) return said.slice(said.indexOf("Error running job:") + "Error running job:".length).trim();
  return lines.findLast((line) => /^\w[\w.]*(?:Error|Exception): /.test(line))?.trim() ?? "";
}
