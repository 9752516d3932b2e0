import { html } from "htm/preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Mode, Settings } from "../../../server/contract/system.ts";
import { asApiError, type ApiError } from "../../api.ts";
import { formatAge } from "../../format.ts";
import { useApp } from "../../models/app/AppModel.ts";
import type { Theme } from "../../models/app/PreferencesModel.ts";
import { settingsText as text } from "../../text/more.ts";
import { Button } from "../kit/Button.ts";
import { CopyField } from "../kit/CopyField.ts";
import { TextField } from "../kit/Field.ts";
import { ErrorNotice } from "../kit/Notice.ts";
import { StatusDot, toneOfCheck } from "../kit/StatusDot.ts";

/** Runs an action and keeps its error beside the control that was pressed. */
function useAction(): [ApiError | null, (work: () => Promise<unknown>) => Promise<void>] {
  const [error, setError] = useState<ApiError | null>(null);
  const run = async (work: () => Promise<unknown>) => {
    try {
      await work();
      setError(null);
    } catch (thrown) {
      setError(asApiError(thrown));
    }
  };
  return [error, run];
}

export function ModeCard() {
  const app = useApp();
  const [error, run] = useAction();
  const { mode, modeFixed } = app.info.value;
  const open = app.jobs.active.value.filter((job) => job.simulated === (mode === "fast-test")).length;
  const locked = modeFixed ?? (mode !== null && open > 0 ? text.modeOpen(open) : null);
  const button = (to: Mode, label: string) => html`<${Button} busyText="Changing…" unavailable=${locked} onClick=${() => run(() => app.setMode(to))}>${label}<//>`;
  return html`<section class="card" id="mode" aria-labelledby="mode-card">
    <header><h2 id="mode-card">${text.mode}</h2></header>
    <p>${mode === null ? text.modeNone : text.modeNow[mode]}</p>
    ${locked && html`<p class="hint">${locked}</p>`}
    ${error && html`<${ErrorNotice} error=${error} alert />`}
    <div class="row wrap">
      ${mode !== "production" && button("production", text.toReal)}
      ${mode !== "fast-test" && button("fast-test", text.toTest)}
    </div>
  </section>`;
}

export function AccessCard({ settings, onChange }: { settings: Settings; onChange: (settings: Settings) => void }) {
  const app = useApp();
  const [token, setToken] = useState("");
  const [error, run] = useAction();
  const isAsked = app.router.route.value.query.get("at") === "token";
  const field = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isAsked) field.current?.querySelector("input")?.focus();
  }, [isAsked]);
  const save = () =>
    run(async () => {
      onChange(await app.api.put<Settings>("/api/settings/hf-token", { token: token.trim() }));
      setToken("");
    });
  const remove = () => run(async () => onChange(await app.api.delete<Settings>("/api/settings/hf-token")));
  const signOut = (path: string) => run(() => app.api.delete(path).then(() => location.assign("/login")));
  return html`<section class="card" id="access" aria-labelledby="access-title">
    <header><h2 id="access-title">${text.access}</h2></header>
    <div class="stack">
      <h3>${text.hfTitle}</h3>
      <p class="hint">${text.hfHelp}</p>
      <p class="small">${settings.hfTokenSet ? text.hfSet : text.hfUnset}</p>
      <div ref=${field}><${TextField} label=${text.hfLabel} type="password" value=${token} onInput=${setToken} autocomplete="off" spellcheck=${false} /></div>
      ${error && html`<${ErrorNotice} error=${error} alert />`}
      <div class="row wrap">
        <${Button} busyText="Saving…" unavailable=${token.trim() === "" ? "Paste a token first." : null} onClick=${save}>${text.hfSave}<//>
        ${settings.hfTokenSet && html`<${Button} kind="quiet" onClick=${remove}>${text.hfRemove}<//>`}
      </div>
    </div>
    ${settings.tunnelCommand &&
    html`<div class="stack">
      <h3>${text.tunnelTitle}</h3>
      <p class="hint">${text.tunnelHelp}</p>
      <${CopyField} label=${text.tunnelTitle} text=${settings.tunnelCommand} />
    </div>`}
    <div class="row wrap">
      <${Button} onClick=${() => signOut("/api/session")}>${text.signOut}<//>
      <${Button} kind="quiet" onClick=${() => signOut("/api/sessions")}>${text.signOutAll}<//>
    </div>
  </section>`;
}

export function ChecksCard() {
  const app = useApp();
  const [error, run] = useAction();
  const { checks } = app.system.status.value;
  return html`<section class="card" id="checks" aria-labelledby="checks-title">
    <header>
      <h2 id="checks-title">${text.checks}</h2>
      <${Button} icon="refresh" busyText="Checking…" onClick=${() => run(app.system.checkAgain)}>${text.checkAgain}<//>
    </header>
    ${error && html`<${ErrorNotice} error=${error} alert />`}
    ${checks.length === 0 && html`<p class="hint">${text.noChecks}</p>`}
    <ul class="lines">
      ${checks.map(
        (check) => html`<li key=${check.id}>
          <div class="grow">
            <${StatusDot} tone=${toneOfCheck(check.state)}><strong>${check.label}</strong><//>
            <p class="small dim">${check.detail}</p>
            ${check.state !== "ok" && check.fix && html`<p class="small">${check.fix}</p>`}
            <p class="hint">${check.checkedAt ? `Checked ${formatAge(check.checkedAt, app.now.value)}` : "Not checked yet"}</p>
          </div>
        </li>`,
      )}
    </ul>
  </section>`;
}

export function AppearanceCard() {
  const { theme, singleKeys } = useApp().preferences;
  const id = useId();
  return html`<section class="card" id="appearance" aria-labelledby="appearance-title">
    <header><h2 id="appearance-title">${text.appearance}</h2></header>
    <div class="field">
      <label for=${id}>${text.theme}</label>
      <select id=${id} class="input" value=${theme.value} onChange=${(event: Event) => (theme.value = (event.target as HTMLSelectElement).value as Theme)}>
        ${Object.entries(text.themes).map(([value, label]) => html`<option key=${value} value=${value}>${label}</option>`)}
      </select>
    </div>
    <${Notifications} />
    <label class="check">
      <input class="switch" type="checkbox" role="switch" checked=${singleKeys.value} onChange=${() => (singleKeys.value = !singleKeys.value)} />
      <span>${text.keys}<br /><span class="hint">${text.keysHelp}</span></span>
    </label>
  </section>`;
}

/** The browser asks the person; its answer can be changed in the browser only. */
function Notifications() {
  const [state, setState] = useState<NotificationPermission | "unsupported">(() => (typeof Notification === "function" ? Notification.permission : "unsupported"));
  if (state === "unsupported") return null;
  return html`<div class="row wrap">
    <span class="grow">${text.notify}<br /><span class="hint">${text.notifyState[state]}</span></span>
    ${state === "default" && html`<${Button} onClick=${() => Notification.requestPermission().then(setState)}>${text.notifyAllow}<//>`}
  </div>`;
}

export function ValuesCard({ settings }: { settings: Settings }) {
  const from = { flag: "option at start", environment: "environment", file: "settings file", saved: "saved here", default: "default" } as const;
  return html`<section class="card" id="values" aria-labelledby="values-title">
    <header><h2 id="values-title">${text.values}</h2></header>
    <p class="hint">${text.valuesHelp}</p>
    <div class="scroll-x"><table class="table whole">
      <caption class="hide">${text.values}</caption>
      <thead><tr><th scope="col">Name</th><th scope="col">Value</th><th scope="col">Set by</th></tr></thead>
      <tbody>
        ${settings.rows.map(
          (row) => html`<tr key=${row.key}>
            <th scope="row">${row.label}<p class="hint">${row.help}</p></th>
            <td><code>${row.value || "not set"}</code></td>
            <td class="hint">${from[row.source]}</td>
          </tr>`,
        )}
      </tbody>
    </table></div>
  </section>`;
}

/** What was found first: a version that Isengard was only made for says nothing about this machine. */
function toolWords({ tool, toolVersion, foundVersion }: { tool: string; toolVersion: string; foundVersion?: string | null }, mode: Mode | null): string {
  if (mode === "fast-test") return `${tool} ${toolVersion}, simulated`;
  if (foundVersion === toolVersion) return `${tool} ${toolVersion}`;
  return `${tool} ${foundVersion ?? "of a version that is not known"}; Isengard was made for ${toolVersion}`;
}

export function AboutCard() {
  const app = useApp();
  const { info } = app;
  const { training, image, build, version, mode } = info.value;
  const none = mode === null ? "known when the mode is chosen" : "not available";
  const { os, services } = app.system.status.value;
  // What answers is asked by the service; a folder may hold another version than the one that runs.
  const running = services.find(({ name }) => name === image?.backend)?.version;
  const facts = [
    ["Isengard", `${version} (build ${build})`],
    ["Training", training ? toolWords(training, mode) : none],
    ["Pictures", image ? toolWords({ ...image, foundVersion: running ?? image.foundVersion ?? null }, mode) : none],
    ["System", os],
  ] as const;
  return html`<section class="card" id="about" aria-labelledby="about-title">
    <header><h2 id="about-title">${text.about}</h2></header>
    <dl class="facts">${facts.map(([name, value]) => html`<dt key=${name}>${name}</dt><dd>${value}</dd>`)}</dl>
  </section>`;
}
