import { html } from "htm/preact";
import type { Job } from "../../../server/contract/job.ts";
import { formatAge } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { promptOf } from "../../models/jobs/JobsModel.ts";
import { frameText as text } from "../../text/frame.ts";
import { Button } from "../kit/Button.ts";
import { jobAddress } from "../jobs/JobRow.ts";
import { StatusDot } from "../kit/StatusDot.ts";
import { Thumb } from "../kit/Thumb.ts";

const shownPictures = 8;

/** What ended while nobody looked, with the way to each. */
export function AwayList() {
  const app = useApp();
  const news = app.away.news.value;
  if (news.length === 0) return null;
  return html`<section class="card" aria-labelledby="away-title">
    <header><h2 id="away-title">${text.awayTitle}</h2><${Button} kind="quiet" icon="close" onClick=${() => app.away.putAway()}>${text.putAway}<//></header>
    <ul class="lines">${groupsOf(news).map((jobs) => html`<li key=${jobs[0]!.id} class="need"><${Item} jobs=${jobs} /></li>`)}</ul>
  </section>`;
}

/** Jobs that ended alike for one person are one item; the newest stands for them. */
function groupsOf(news: readonly Job[]): Job[][] {
  const groups = new Map<string, Job[]>();
  for (const job of news) {
    const key = [job.kind, job.state, job.characterId ?? "", job.failure?.code ?? ""].join(" ");
    groups.set(key, [...(groups.get(key) ?? []), job]);
  }
  return [...groups.values()];
}

function Item({ jobs }: { jobs: readonly Job[] }) {
  const { now } = useApp();
  const job = jobs[0]!;
  const title = jobs.length === 1 ? job.title : text.awayMany(jobs.length, job.kind, job.title);
  const [tone, words, detail, link] =
    job.state === "succeeded"
      ? (["ok", text.awayDone(title), jobs.length === 1 ? promptOf(job) : "", text.open] as const)
      : job.state === "failed"
        ? (["bad", text.awayFailed(title), job.failure?.what ?? "", text.seeWhy] as const)
        : (["warn", text.awayPaused(title), job.waiting?.text ?? "", text.open] as const);
  return html`
    <div class="grow stack tight basis">
      <${StatusDot} tone=${tone}><strong>${words}</strong><br /><span class="hint">${[job.finishedAt && formatAge(job.finishedAt, now.value), detail].filter((part) => part).join(" · ")}</span><//>
      <${Pictures} jobs=${jobs} />
    </div>
    <${Button} href=${jobAddress(job)}>${link}<//>
  `;
}

/** What came out, to be recognised at a glance. */
function Pictures({ jobs }: { jobs: readonly Job[] }) {
  const ids = jobs.flatMap((job) => (job.kind === "generation" ? job.results : [])).slice(0, shownPictures);
  return ids.length === 0 ? null : html`<div class="row wrap">
    ${ids.map((id) => html`<a key=${id} href=${`/gallery?open=${id}`} aria-label=${text.awayPicture}><${Thumb} src=${`/api/outputs/${id}/thumbnail`} alt="" size="tiny" /></a>`)}
  </div>`;
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
