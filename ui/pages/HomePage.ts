import { html } from "htm/preact";
import { useEffect, useMemo } from "preact/hooks";
import { AwayList } from "../components/frame/Away.ts";
import { Button } from "../components/kit/Button.ts";
import { CharacterCard } from "../components/characters/CharacterCard.ts";
import { FirstSteps } from "../components/frame/FirstSteps.ts";
import { JobRow } from "../components/jobs/JobRow.ts";
import { Loaded } from "../components/kit/Loaded.ts";
import { MachineCard } from "../components/machine/Machine.ts";
import { ModeChoice } from "../components/machine/ModeChoice.ts";
import { Page } from "../components/frame/Page.ts";
import { RunningPicture } from "../components/pictures/RunningPicture.ts";
import { ServiceList } from "../components/machine/Services.ts";
import { Skeleton } from "../components/kit/Skeleton.ts";
import { StatusDot } from "../components/kit/StatusDot.ts";
import { Thumb } from "../components/kit/Thumb.ts";
import type { Output } from "../../server/contract/output.ts";
import { useApp, type AppModel } from "../models/app/AppModel.ts";
import { isWorking } from "../models/jobs/JobsModel.ts";
import { createDismissed, needsOf } from "../models/app/attention.ts";
import { homeText as text } from "../text/home.ts";

const maxCharacters = 5;
/** What waits is the queue's matter; here stands what comes next. */
const maxWaiting = 3;

/** Is everything all right, and what needs me? */
export function HomePage() {
  const app = useApp();
  const isNew = app.library.usable.value.length === 0;
  const isStarted = app.info.value.mode !== null;
  // What was checked when the page was loaded may be hours old by now.
  useEffect(() => void app.system.freshen(), []);
  const isFirst = isNew || isWithoutPictures(app);
  const actions = isStarted && !isFirst && html`<${Button} kind="primary" icon="spark" href="/generate">${text.makePictures}<//>`;
  return html`<${Page} title=${text.title} actions=${actions}>
    <${AwayList} />
    ${isStarted ? html`<${Needs} />` : html`<${ModeChoice} />`}
    ${isStarted && isFirst && html`<${FirstSteps} />`}
    ${isStarted
      ? html`<div class="cols main-side">
          <div class="stack wide">
            <${Running} />
            ${!isNew && html`<${Latest} />`}
            <${Characters} />
          </div>
          <div class="stack wide"><${MachineCard} /><${Engines} /></div>
        </div>`
      : html`<${FirstSteps} isPreview />`}
  <//>`;
}

/** Trained, but nothing was made with it: the last of the first steps is still to come. */
function isWithoutPictures({ jobs, library }: AppModel): boolean {
  const known = library.latest.data.value;
  return known !== null && known.length === 0 && !jobs.all.value.some((job) => job.kind === "generation" && job.state === "succeeded");
}

function Engines() {
  if (useApp().system.status.value.services.length === 0) return null;
  return html`<section class="card" aria-labelledby="services-title">
    <header><h2 id="services-title">${text.services}</h2></header>
    <${ServiceList} />
  </section>`;
}

function Needs() {
  const app = useApp();
  const dismissed = useMemo(() => createDismissed(localStorage), []);
  // What the list of the absence says is not said twice.
  const isAbove = (id: string) => app.away.news.value.some((job) => id === `failed:${job.id}` || id === `done:${job.id}`);
  const needs = needsOf(app).filter((need) => !dismissed.ids.value.has(need.id) && !isAbove(need.id));
  if (needs.length === 0) return null;
  return html`<section class="card" aria-labelledby="needs-title">
    <header><h2 id="needs-title">${text.needs}</h2></header>
    <ul class="lines">
      ${needs.map(
        (need) => html`<li key=${need.id} class="need">
          <${StatusDot} tone=${need.tone}><strong>${need.text}</strong><br /><span class="hint">${need.detail}</span><//>
          <span class="row">
            ${need.action && html`<${Button} href=${need.action.href}>${need.action.label}<//>`}
            <${Button} kind="quiet" icon="close" label=${`Put away: ${need.text}`} onClick=${() => dismissed.add(need.id)} />
          </span>
        </li>`,
      )}
    </ul>
  </section>`;
}

function Running() {
  const active = useApp().jobs.active.value;
  const running = active.filter(isWorking);
  const waiting = active.slice(running.length);
  const shown = [...running, ...waiting.slice(0, maxWaiting)];
  const hidden = active.length - shown.length;
  return html`<section class="card" aria-labelledby="running-title">
    <header><h2 id="running-title">${text.running}</h2>${active.length > 0 && html`<a class="more" href="/queue">${text.openQueue}</a>`}</header>
    ${active.length === 0
      ? html`<p class="hint">${text.nothingRuns}</p>`
      : html`<ul class="lines">
          ${shown.map((job) => html`<li key=${job.id}><${JobRow} job=${job} picture=${isWorking(job) && html`<${RunningPicture} job=${job} />`} /></li>`)}
          ${hidden > 0 && html`<li key="more"><p class="hint num">${text.moreWait(hidden)}</p></li>`}
        </ul>`}
  </section>`;
}

function Latest() {
  const { latest } = useApp().library;
  useEffect(() => void latest.load(), []);
  return html`<section class="card" aria-labelledby="latest-title">
    <header><h2 id="latest-title">${text.latest}</h2><a class="more" href="/gallery">${text.allPictures}</a></header>
    <${Loaded} resource=${latest} skeleton=${html`<${Skeleton} layout="photos" height="132px" count=${6} />`}>
      ${(outputs: readonly Output[]) =>
        outputs.length === 0
          ? html`<p class="hint">${text.noPictures}</p>`
          : html`<ul class="photos">
              ${outputs.map(
                (output) => html`<li key=${output.id}>
                  <a href=${`/gallery?open=${output.id}`}><${Thumb} src=${output.thumbnailUrl} alt=${output.settings.prompt.slice(0, 120)} /></a>
                </li>`,
              )}
            </ul>`}
    <//>
  </section>`;
}

function Characters() {
  const characters = useApp().characters.all.value;
  if (characters.length === 0) return null;
  return html`<section class="stack" aria-labelledby="characters-title">
    <div class="row apart"><h2 id="characters-title">${text.characters}</h2><a class="more" href="/characters">${text.allCharacters}</a></div>
    <ul class="tiles small">
      ${characters.slice(0, maxCharacters).map((character) => html`<li key=${character.id}><${CharacterCard} character=${character} level="h3" /></li>`)}
    </ul>
  </section>`;
}
