import { html } from "htm/preact";
import { useEffect, useMemo } from "preact/hooks";
import type { Settings } from "../../server/contract/system.ts";
import { Loaded } from "../components/Loaded.ts";
import { Page } from "../components/Page.ts";
import { ServiceList } from "../components/Services.ts";
import { AboutCard, AccessCard, AppearanceCard, ChecksCard, ModeCard, ValuesCard } from "../components/SettingsCards.ts";
import { Skeleton } from "../components/Skeleton.ts";
import { useApp } from "../models/AppModel.ts";
import { createResource } from "../models/Resource.ts";
import { settingsText as text } from "../text/more.ts";

/** Is it set up, and can I prove it? */
export function SettingsPage() {
  const app = useApp();
  const settings = useMemo(() => {
    const resource = createResource(() => app.api.get<Settings>("/api/settings"));
    void resource.load();
    return resource;
  }, []);
  useEffect(() => void app.system.freshen(), []);
  return html`<${Page} title=${text.title}>
    <div class="cols two">
      <div class="stack wide">
        <${ModeCard} />
        <${Loaded} resource=${settings} skeleton=${html`<${Skeleton} height="240px" />`}>
          ${(data: Settings) => html`<${AccessCard} settings=${data} onChange=${settings.set} />`}
        <//>
        <${AppearanceCard} />
      </div>
      <div class="stack wide">
        <${ChecksCard} />
        <section class="card" aria-labelledby="engines-title">
          <header><h2 id="engines-title">${text.engines}</h2></header>
          <${ServiceList} withActions />
        </section>
        <${AboutCard} />
      </div>
    </div>
    ${settings.data.value && html`<${ValuesCard} settings=${settings.data.value} />`}
  <//>`;
}
