import { html } from "htm/preact";
import { useState } from "preact/hooks";
import type { ServiceState, ServiceStatus } from "../../../server/contract/system.ts";
import { asApiError, type ApiError } from "../../api.ts";
import { formatDuration } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import type { Tone } from "../kit/Badge.ts";
import { Button } from "../kit/Button.ts";
import { ErrorNotice } from "../kit/Notice.ts";
import { StatusDot } from "../kit/StatusDot.ts";

const words: Record<ServiceState, readonly [string, Tone]> = {
  "not-configured": ["Not set up", "off"],
  stopped: ["Stopped", "off"],
  starting: ["Starting", "run"],
  ready: ["Ready", "ok"],
  stopping: ["Stopping", "run"],
  crashed: ["Stopped by itself", "bad"],
  "gave-up": ["Does not start", "bad"],
  attached: ["Ready, started by someone else", "ok"],
  unreachable: ["Does not answer", "bad"],
};

export function ServiceList({ withActions = false }: { withActions?: boolean }) {
  const { services } = useApp().system.status.value;
  if (services.length === 0) return html`<p class="hint">No program is looked after yet.</p>`;
  return html`<ul class="lines">
    ${services.map((service) => html`<li key=${service.name}><${ServiceRow} service=${service} withActions=${withActions} /></li>`)}
  </ul>`;
}

function ServiceRow({ service, withActions }: { service: ServiceStatus; withActions: boolean }) {
  const app = useApp();
  const [error, setError] = useState<ApiError | null>(null);
  const [word, tone] = words[service.state];
  const act = async (verb: "start" | "stop") => {
    try {
      await app.api.post(`/api/services/${encodeURIComponent(service.name)}/${verb}`);
      setError(null);
      await app.system.refresh();
    } catch (thrown) {
      setError(asApiError(thrown));
    }
  };
  const canStart = ["stopped", "crashed", "gave-up"].includes(service.state);
  const canStop = ["ready", "starting"].includes(service.state);
  return html`<div class="stack grow">
    <div class="row wrap apart">
      <div>
        <p class="small"><strong>${service.label}</strong>${service.version && html`<span class="hint"> ${service.version}</span>`}</p>
        <${StatusDot} tone=${tone}>${word} <span class="hint num">for ${formatDuration((app.now.value - Date.parse(service.since)) / 1000)}</span><//>
        <p class="hint">${sentence(service.detail)}</p>
      </div>
      ${withActions && canStart && html`<${Button} icon="play" busyText="Starting…" onClick=${() => act("start")}>Start<//>`}
      ${withActions && canStop && html`<${Button} icon="stop" busyText="Stopping…" onClick=${() => act("stop")}>Stop<//>`}
    </div>
    ${service.failure && html`<${ErrorNotice} error=${service.failure} />`}
    ${error && html`<${ErrorNotice} error=${error} alert />`}
  </div>`;
}

/** Some reasons come as part of a sentence. */
function sentence(text: string): string {
  return text === "" ? "" : text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}
