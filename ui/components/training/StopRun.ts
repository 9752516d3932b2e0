import { html } from "htm/preact";
import { useState } from "preact/hooks";
import type { Job } from "../../../server/contract/job.ts";
import { asApiError, type ApiError } from "../../api.ts";
import { isWorking } from "../../models/jobs/JobsModel.ts";
import { trainingText as text } from "../../text/training.ts";
import { Button } from "../kit/Button.ts";
import { Dialog } from "../kit/Dialog.ts";
import { ErrorNotice } from "../kit/Notice.ts";

export interface StopDialogProps {
  job: Job;
  /** Saved states so far, for the sentence about what is kept. */
  checkpoints: number;
  onStop: () => Promise<void>;
  onClose: () => void;
}

/** What is not saved is lost, so it asks once and says what is kept. */
export function StopDialog({ job, checkpoints, onStop, onClose }: StopDialogProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const working = isWorking(job);
  const stop = async () => {
    setBusy(true);
    setError(null);
    try {
      await onStop();
      onClose();
    } catch (thrown) {
      setError(asApiError(thrown));
      setBusy(false);
    }
  };
  const footer = html`
    <${Button} onClick=${onClose}>${text.goOn(working)}<//>
    <${Button} kind="danger" busy=${busy} busyText="Stopping…" onClick=${stop}>${working ? "Stop training" : "Cancel training"}<//>
  `;
  return html`<${Dialog} title=${working ? text.stopTitle : text.cancelTitle} busy=${busy} onClose=${onClose} footer=${footer}>
    <p>${working ? text.stopKeeps(checkpoints) : text.cancelKeeps}</p>
    ${working && checkpoints > 0 && html`<p class="dim">${text.stopFinal}</p>`}
    ${error && html`<${ErrorNotice} error=${error} alert />`}
  <//>`;
}
