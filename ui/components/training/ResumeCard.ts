import { html } from "htm/preact";
import { formatDuration } from "../../format.ts";
import type { SafePoint } from "../../models/jobs/resume.ts";
import { remedyText as text } from "../../text/remedies.ts";
import { Notice } from "../kit/Notice.ts";

/** What of a broken off run is safe while it waits to go on by itself. */
export function ResumeCard({ safe }: { safe: SafePoint | null }) {
  if (!safe) return null;
  const left = safe.secondsLeft === null ? "" : text.left(formatDuration(safe.secondsLeft));
  return html`<${Notice} tone="ok" title=${text.safe(safe.step.toLocaleString("en"), safe.total.toLocaleString("en"))}>
    <p class="num">${text.willGoOn(left)}</p>
  <//>`;
}
