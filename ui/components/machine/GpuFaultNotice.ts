import { html } from "htm/preact";
import { useState } from "preact/hooks";
import type { Gpu, GpuStatus } from "../../../server/contract/system.ts";
import { asApiError, type ApiError } from "../../api.ts";
import { formatAge } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { gpuText as text } from "../../text/gpu.ts";
import { Button } from "../kit/Button.ts";
import { ErrorNotice, Notice } from "../kit/Notice.ts";

/** Why nothing is started on this GPU, and the way back. */
export function GpuFaultNotice({ gpu }: { gpu: Gpu }) {
  const app = useApp();
  const [error, setError] = useState<ApiError | null>(null);
  if (gpu.fault === null) return null;
  const resume = async () => {
    try {
      app.events.emit({ type: "gpu.changed", gpu: await app.api.post<GpuStatus>(`/api/gpus/${encodeURIComponent(gpu.fault!.id)}/resume`) });
      setError(null);
    } catch (thrown) {
      setError(asApiError(thrown));
    }
  };
  const button = html`<${Button} icon="refresh" busyText=${text.looking} onClick=${resume}>${gpu.fault.stays ? text.useAgain : text.lookAgain}<//>`;
  return html`<${Notice} tone="bad" title=${text.notUsed} actions=${button}>
    <p>${gpu.fault.reason} ${text.seen(formatAge(gpu.fault.since, app.now.value))}</p>
    <p>${gpu.fault.stays ? text.staysHelp : text.goesHelp}</p>
    ${error && html`<${ErrorNotice} error=${error} alert />`}
  <//>`;
}
