import { html } from "htm/preact";
import type { Gpu, GpuStatus } from "../../../server/contract/system.ts";
import { formatAge, formatBytes, formatMib } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { GpuFaultNotice } from "./GpuFaultNotice.ts";
import { Meter } from "./Meter.ts";
import { StatusDot } from "../kit/StatusDot.ts";

/** Hot or full enough that a person should know. */
const hotC = 85;

/** What the machine has and how much of it is in use; what nobody measured says so. */
export function MachineCard() {
  const app = useApp();
  const { gpu, disk, memory } = app.system.status.value;
  const memoryUsed = memory.totalBytes - memory.freeBytes;
  return html`<section class="card" aria-label="Machine">
    <header><h2>Machine</h2></header>
    <${GpuList} status=${gpu} />
    <${Meter}
      label="Memory"
      used=${memoryUsed}
      total=${memory.totalBytes}
      text=${`${formatBytes(memoryUsed)} of ${formatBytes(memory.totalBytes)}`}
      warnAt=${0.95}
    />
    <${Meter} label="Disk" used=${disk.totalBytes - disk.freeBytes} total=${disk.totalBytes} text=${`${formatBytes(disk.freeBytes)} free`} />
  </section>`;
}

export function GpuList({ status }: { status: GpuStatus }) {
  const app = useApp();
  if (status.gpus.length > 0) {
    return html`<ul class="stack">
      ${status.gpus.map((gpu) => html`<li key=${gpu.uuid}><${GpuRow} gpu=${gpu} simulated=${app.simulated.value} isOneOfSeveral=${status.gpus.length > 1} /></li>`)}
    </ul>`;
  }
  const [tone, text] = (
    { present: ["off", "No GPU is listed"], unknown: ["off", "GPU not checked yet"], none: ["warn", "No GPU was found"], error: ["bad", "The GPU does not answer"] } as const
  )[status.state];
  return html`<div>
    <${StatusDot} tone=${tone}>${text}<//>
    <p class="hint">${status.reason}${status.checkedAt && ` Checked ${formatAge(status.checkedAt, app.now.value)}.`}</p>
  </div>`;
}

function GpuRow({ gpu, simulated, isOneOfSeveral }: { gpu: Gpu; simulated: boolean; isOneOfSeveral: boolean }) {
  const facts = [
    gpu.utilizationPercent === null ? "" : `${gpu.utilizationPercent} % busy`,
    gpu.temperatureC === null ? "" : `${gpu.temperatureC} °C${gpu.temperatureC >= hotC ? " (hot)" : ""}`,
    gpu.powerW === null ? "" : `${Math.round(gpu.powerW)} W`,
    gpu.slowedBy.length === 0 ? "" : `slowed down by ${gpu.slowedBy.join(" and ")}`,
  ].filter((fact) => fact !== "");
  const known = gpu.memoryTotalMib !== null && gpu.memoryUsedMib !== null;
  return html`<div class="stack">
    <p class="small"><strong>${isOneOfSeveral && `GPU ${gpu.index}: `}${gpu.name}</strong>${simulated && !/simulated/i.test(gpu.name) && html`<span class="hint"> (simulated)</span>`}</p>
    ${known &&
    html`<${Meter}
      label="GPU memory"
      used=${gpu.memoryUsedMib}
      total=${gpu.memoryTotalMib}
      text=${`${formatMib(gpu.memoryUsedMib!)} of ${formatMib(gpu.memoryTotalMib!)}`}
      warnAt=${0.95}
    />`}
    ${gpu.fault ? html`<${GpuFaultNotice} gpu=${gpu} />` : html`<p class="hint num">${facts.length > 0 ? facts.join(" · ") : "This GPU reports no load."}</p>`}
  </div>`;
}
