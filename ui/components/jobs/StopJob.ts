import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import type { Job } from "../../../server/contract/job.ts";
import { asApiError, type ApiError } from "../../api.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { isWorking } from "../../models/jobs/JobsModel.ts";
import { frameText as text } from "../../text/frame.ts";
import { queueText } from "../../text/queue.ts";
import { Button, type ButtonProps } from "../kit/Button.ts";

/** A stop that takes longer than this can be forced by a second press. */
export const forceAfterMs = 5_000;

/** Whether the job has been stopping for so long that its end may be forced. */
function useCanForce(job: Job): boolean {
  const since = useApp().jobs.stoppingSince(job.id);
  const [canForce, setCanForce] = useState(false);
  useEffect(() => {
    setCanForce(false);
    if (since === null) return;
    const timer = setTimeout(() => setCanForce(true), Math.max(0, since + forceAfterMs - Date.now()));
    return () => clearTimeout(timer);
  }, [since]);
  return canForce && job.state === "stopping";
}

/** Stops or cancels, and keeps the error for the place where it is shown. */
export function useStop(job: Job): [ApiError | null, () => Promise<void>] {
  const app = useApp();
  const [error, setError] = useState<ApiError | null>(null);
  const stop = async () => {
    try {
      await app.jobs.cancel(job);
      app.toasts.show(isWorking(job) ? queueText.stopped(job.title) : queueText.cancelledOne(job.title));
      setError(null);
    } catch (thrown) {
      setError(asApiError(thrown));
    }
  };
  return [error, stop];
}

/** The first press asks the tool to end by itself; after a while the button offers to force it. */
export function StopJob({ job, onStop, ...look }: { job: Job; onStop: () => unknown } & Pick<ButtonProps, "kind" | "hasPopup" | "class">) {
  const { jobs } = useApp();
  const canForce = useCanForce(job);
  const isStopping = job.state === "stopping";
  const word = canForce ? text.force : isStopping ? text.stopping : isWorking(job) ? "Stop" : "Cancel";
  return html`<${Button}
    ...${look}
    hasPopup=${isStopping ? undefined : look.hasPopup}
    icon="stop"
    name=${`${word} ${job.title}`}
    busyText=${text.stopping}
    unavailable=${isStopping && !canForce ? text.stoppingHelp[job.kind] : null}
    onClick=${canForce ? () => jobs.cancel(job) : onStop}
  >${word}<//>`;
}

/** What a stop keeps and what comes next, in a line. */
export function StopHint({ job }: { job: Job }) {
  const canForce = useCanForce(job);
  if (job.state !== "stopping") return null;
  return html`<p class="hint" role="status">${canForce ? text.forceHelp : text.stoppingHelp[job.kind]}</p>`;
}
