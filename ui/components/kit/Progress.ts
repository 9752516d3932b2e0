import { html } from "htm/preact";
import type { JobProgress } from "../../../server/contract/job.ts";
import { formatPercent, formatTimeLeft } from "../../format.ts";

export interface ProgressProps {
  label: string;
  /** null: nobody knows, so no bar is drawn. */
  fraction: number | null;
  text: string;
  aside?: string;
  tone?: "run" | "ok" | "bad";
}

/** A bar only where there is a real number, and never without the words beside it. */
export function Progress({ label, fraction, text, aside = "", tone = "run" }: ProgressProps) {
  const words = html`<div class="text"><span>${text}</span><span>${aside}</span></div>`;
  if (fraction === null) return html`<div class="progress" data-s=${tone}>${words}</div>`;
  const percent = Math.min(100, Math.max(0, fraction * 100));
  return html`<div class="progress" data-s=${tone}>
    <div
      class="track"
      role="progressbar"
      aria-label=${label}
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${Math.floor(percent)}
      aria-valuetext=${[text, aside].filter((part) => part !== "").join(", ")}
    >
      <div style=${{ width: `${percent.toFixed(2)}%` }}></div>
    </div>
    ${words}
  </div>`;
}

/** The words of a job's progress: "Step 840 of 2,000" and "42 %, about 24 min left". */
export function progressWords(progress: JobProgress | null): { text: string; aside: string } {
  if (!progress) return { text: "Starting", aside: "" };
  const stage = progress.stages.find((candidate) => candidate.state === "active");
  const steps =
    progress.totalSteps > 0 && progress.step > 0
      ? `Step ${progress.step.toLocaleString("en")} of ${progress.totalSteps.toLocaleString("en")}`
      : (stage?.label ?? (progress.message || "Starting"));
  const aside = [
    progress.fraction === null ? "" : formatPercent(progress.fraction),
    progress.etaSeconds === null ? "" : formatTimeLeft(progress.etaSeconds),
  ].filter((part) => part !== "");
  return { text: steps, aside: aside.join(", ") };
}
