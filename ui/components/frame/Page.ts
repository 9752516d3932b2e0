import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { plural } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { frameText } from "../../text/frame.ts";
import { AwayBanner } from "./Away.ts";
import { Badge } from "../kit/Badge.ts";
import { Button } from "../kit/Button.ts";
import { ConnectionBadge, ConnectionBanner } from "./Connection.ts";
import { Icon } from "../kit/Icon.ts";

export interface PageProps {
  title: string;
  /** The job that this page is about. */
  jobId?: string;
  /** The page above this one. */
  up?: { href: string; label: string };
  /** The page's one primary action. */
  actions?: ComponentChildren;
  children?: ComponentChildren;
}

/** Header and body of every page. After a navigation the focus moves to the title, so that it is read out. */
export function Page({ title, jobId, up, actions, children }: PageProps) {
  const app = useApp();
  const heading = useRef<HTMLHeadingElement>(null);
  const { path } = app.router.route.value;
  useEffect(() => {
    app.pageTitle.value = title;
    app.pageJob.value = jobId ?? null;
  }, [title, jobId]);
  useEffect(() => {
    if (app.router.visits.value > 0) heading.current?.focus({ preventScroll: true });
  }, [path]);
  return html`<div class="page">
    <header class="page-head">
      <${ModeStrip} />
      ${up && html`<a class="crumb" href=${up.href} aria-label=${`Back to ${up.label}`}><${Icon} name="left" /></a>`}
      <h1 tabindex="-1" ref=${heading} class="clamp">${title}</h1>
      <div class="page-actions">${actions}</div>
      <div class="head-end">
        <span class="mode"><${ModeBadge} /></span>
        <${JobsButton} />
        <${ConnectionBadge} />
      </div>
    </header>
    <${ConnectionBanner} />
    <${AwayBanner} />
    <main id="main" class="page-body" data-page=${app.router.route.value.name} tabindex="-1">${children}</main>
  </div>`;
}

function useMode(): readonly [string, "warn" | "off"] {
  const { mode } = useApp().info.value;
  if (mode === "fast-test") return [frameText.simulated, "warn"];
  return [mode === "production" ? frameText.production : frameText.noMode, "off"];
}

/** The mode is visible on every page: nobody may mistake simulated work for real work. */
function ModeBadge() {
  const [text, tone] = useMode();
  return html`<${Badge} tone=${tone}>${text}<//>`;
}

function ModeStrip() {
  const [text, tone] = useMode();
  return html`<div class="mode-strip" data-s=${tone}>${text}</div>`;
}

function JobsButton() {
  const app = useApp();
  const active = app.jobs.active.value;
  const trainings = active.filter((job) => job.kind === "training").length;
  const pictures = active.length - trainings;
  const words = [trainings > 0 ? plural(trainings, "training") : "", pictures > 0 ? plural(pictures, "picture job") : ""]
    .filter((part) => part !== "")
    .join(" · ");
  const count = plural(active.length, "job");
  return html`<${Button} kind="quiet" icon="clock" hasPopup="dialog" name=${words === "" ? frameText.idle : `${count}: ${words}`} onClick=${() => (app.layer.value = "jobs")}>
    <span class="wide">${words === "" ? frameText.idle : count}</span>
    ${active.length > 0 && html`<span class="narrow num" aria-hidden="true">${active.length}</span>`}
  <//>`;
}
