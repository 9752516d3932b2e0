import { html } from "htm/preact";
import { useEffect, useMemo } from "preact/hooks";
import type { Settings } from "../../server/contract/system.ts";
import { Loaded } from "../components/kit/Loaded.ts";
import { Page } from "../components/frame/Page.ts";
import { ServiceList } from "../components/machine/Services.ts";
import { AboutCard, AccessCard, AppearanceCard, ChecksCard, ModeCard, ValuesCard } from "../components/machine/SettingsCards.ts";
import { Skeleton } from "../components/kit/Skeleton.ts";
import { useApp } from "../models/app/AppModel.ts";
import { createResource } from "../models/app/Resource.ts";
import { settingsText as text } from "../text/more.ts";

/** Each with an address of its own, for links that lead to the right place. */
const sections = [
  ["mode", text.mode], ["access", text.access], ["checks", text.checks], ["engines", text.engines], ["appearance", text.appearance], ["about", text.about], ["values", text.values],
] as const;

/** Is it set up, and can I prove it? */
export function SettingsPage() {
  const app = useApp();
  const settings = useMemo(() => {
    const resource = createResource(() => app.api.get<Settings>("/api/settings"));
    void resource.load();
    return resource;
  }, []);
  useEffect(() => void app.system.freshen(), []);
  const asked = app.router.route.value.query.get("at");
  const isLoaded = settings.data.value !== null;
  useEffect(() => {
    if (asked !== null) document.getElementById(asked === "token" ? "access" : asked)?.scrollIntoView();
  }, [app.router.route.value, isLoaded]);
  return html`<${Page} title=${text.title}>
    <nav class="row wrap" aria-label=${text.sections}>
      ${sections.map(([id, word]) => html`<a key=${id} class="chip" href=${`/settings?at=${id}`} aria-current=${asked === id ? "true" : undefined}>${word}</a>`)}
    </nav>
    <div class="cols two">
      <div class="stack wide">
        <${ModeCard} />
        <${Loaded} resource=${settings} skeleton=${html`<${Skeleton} height="30rem" />`}>
          ${(data: Settings) => html`<${AccessCard} settings=${data} onChange=${settings.set} />`}
        <//>
        <${AppearanceCard} />
      </div>
      <div class="stack wide">
        <${ChecksCard} />
        <section class="card" id="engines" aria-labelledby="engines-title">
          <header><h2 id="engines-title">${text.engines}</h2></header>
          <${ServiceList} withActions />
        </section>
        <${AboutCard} />
      </div>
    </div>
    ${settings.data.value ? html`<${ValuesCard} settings=${settings.data.value} />` : html`<${Skeleton} height="40rem" />`}
  <//>`;
}
