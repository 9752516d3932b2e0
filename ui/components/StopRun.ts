import { html } from "htm/preact";
import { useState } from "preact/hooks";
import type { Job } from "../../server/contract/job.ts";
import { asApiError, type ApiError } from "../api.ts";
import { isEnded, isWorking } from "../models/JobsModel.ts";
import { trainingText as text } from "../text/training.ts";
import { Button } from "./Button.ts";
import { Dialog } from "./Dialog.ts";
import { ErrorNotice } from "./Notice.ts";

export interface StopRunProps {
  job: Job;
  /** Saved states so far, for the sentence about what is kept. */
  checkpoints: number;
  onStop: () => Promise<void>;
}

/** Stopping a training cannot be undone, so it asks once and says what is kept. */
export function StopRun({ job, checkpoints, onStop }: StopRunProps) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  if (isEnded(job)) return null;
  const working = isWorking(job);
  const word = working ? text.stop : text.cancel;
  const stop = async () => {
    setBusy(true);
    setError(null);
    try {
      await onStop();
      setAsking(false);
    } catch (thrown) {
      setError(asApiError(thrown));
    } finally {
      setBusy(false);
    }
  };
  const footer = html`
    <${Button} onClick=${() => setAsking(false)}>${text.goOn}<//>
    <${Button} kind="danger" busy=${busy} busyText="Stopping…" onClick=${stop}>${working ? "Stop training" : "Cancel training"}<//>
  `;
  return html`
    <${Button} icon="stop" hasPopup="dialog" unavailable=${job.state === "stopping" ? "It is already stopping." : null} onClick=${() => setAsking(true)}>${word}<//>
    ${asking &&
    html`<${Dialog} title=${working ? text.stopTitle : text.cancelTitle} busy=${busy} onClose=${() => setAsking(false)} footer=${footer}>
      <p>${working ? text.stopKeeps(checkpoints) : text.cancelKeeps}</p>
      ${working && html`<p class="dim">${text.stopFinal}</p>`}
      ${error && html`<${ErrorNotice} error=${error} alert />`}
    <//>`}
  `;
}
