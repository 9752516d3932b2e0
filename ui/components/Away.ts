import { html } from "htm/preact";
import type { Job } from "../../server/contract/job.ts";
import { formatAge } from "../format.ts";
import { useApp } from "../models/AppModel.ts";
import { promptOf } from "../models/JobsModel.ts";
import { frameText as text } from "../text/frame.ts";
import { Button } from "./Button.ts";
import { jobAddress } from "./JobRow.ts";
import { StatusDot } from "./StatusDot.ts";

/** What ended while nobody looked, with the way to each. */
export function AwayList() {
  const app = useApp();
  const news = app.away.news.value;
  if (news.length === 0) return null;
  return html`<section class="card" aria-labelledby="away-title">
    <header><h2 id="away-title">${text.awayTitle}</h2><${Button} kind="quiet" icon="close" onClick=${() => app.away.putAway()}>${text.putAway}<//></header>
    <ul class="lines">${news.map((job) => html`<li key=${job.id} class="need"><${Item} job=${job} /></li>`)}</ul>
  </section>`;
}

function Item({ job }: { job: Job }) {
  const { now } = useApp();
  const [tone, words, detail, link] =
    job.state === "succeeded"
      ? (["ok", text.awayDone(job.title), promptOf(job), text.open] as const)
      : job.state === "failed"
        ? (["bad", text.awayFailed(job.title), job.failure?.what ?? "", text.seeWhy] as const)
        : (["warn", text.awayPaused(job.title), job.waiting?.text ?? "", text.open] as const);
  return html`
    <${StatusDot} tone=${tone}><strong>${words}</strong><br /><span class="hint">${[job.finishedAt && formatAge(job.finishedAt, now.value), detail].filter((part) => part).join(" · ")}</span><//>
    <${Button} href=${jobAddress(job)}>${link}<//>
  `;
}

/** Takes the place of the banner of the lost connection, on pages that do not show the list themselves. */
export function AwayBanner() {
  const app = useApp();
  const news = app.away.news.value;
  if (news.length === 0 || app.connection.lostSince.value !== null || app.router.route.value.name === "home") return null;
  const count = (state: Job["state"]) => news.filter((job) => job.state === state).length;
  return html`<section class="banner" data-s="info" aria-label=${text.awayTitle}>
    <p class="row wrap" role="status">
      <span><strong>${text.awayTitle}:</strong> ${text.awayCounts(count("succeeded"), count("failed"), count("snoozed"))}</span>
      <${Button} href="/">${text.awaySee}<//>
      <${Button} kind="quiet" icon="close" onClick=${() => app.away.putAway()}>${text.putAway}<//>
    </p>
  </section>`;
}
