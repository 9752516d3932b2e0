import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { formatClock } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { frameText } from "../../text/frame.ts";
import type { Tone } from "../kit/Badge.ts";
import { Button } from "../kit/Button.ts";
import { CopyField } from "../kit/CopyField.ts";
import { StatusDot } from "../kit/StatusDot.ts";

const quietMs = 500;

export function ConnectionBadge() {
  const { kind } = useApp().connection.state.value;
  const [quiet, setQuiet] = useState(true);
  useEffect(() => {
    const timer = setTimeout(() => setQuiet(false), quietMs);
    return () => clearTimeout(timer);
  }, []);
  const [tone, text] = (
    { connecting: ["off", frameText.connecting], live: ["ok", frameText.live], late: ["warn", frameText.late], lost: ["bad", frameText.lost] } as const
  )[kind] satisfies readonly [Tone, string];
  if (kind === "connecting" && quiet) return html`<span class="connection"></span>`;
  return html`<span class="connection" data-s=${tone}><${StatusDot} tone=${tone}>${text}<//></span>`;
}

/** Says what a lost connection means, how to get it back, and when the page tries again by itself. */
export function ConnectionBanner() {
  const app = useApp();
  const state = app.connection.state.value;
  if (state.kind !== "lost") return null;
  const seconds = state.retryAt === null ? null : Math.max(0, Math.ceil((state.retryAt - app.now.value) / 1000));
  const command = app.tunnelCommand.value;
  return html`<section class="banner" aria-label=${frameText.lost}>
    <p role="alert"><strong>${state.ended ? frameText.endedTitle : frameText.lostTitle}</strong> ${state.ended ? frameText.endedMeans : frameText.lostMeans} Values shown are as of ${formatClock(state.since, true)}.</p>
    ${command !== "" && !state.ended && html`<p>${frameText.lostHelp}</p><${CopyField} label="Tunnel command" text=${command} />`}
    <p class="row wrap">
      <span class="num">${seconds === null ? "Trying now…" : `Trying again in ${seconds} s`}</span>
      ${seconds !== null && html`<${Button} onClick=${() => app.connection.retryNow()}>Try now<//>`}
    </p>
  </section>`;
}
