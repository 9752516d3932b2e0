import { html } from "htm/preact";
import { render } from "preact";
import type { Boot } from "../server/contract/boot.ts";
import { createApi } from "./api.ts";
import { App } from "./components/frame/App.ts";
import { createAppModel } from "./models/app/AppModel.ts";
import { applyTheme, readTheme } from "./models/app/PreferencesModel.ts";
import { loadLaterPages } from "./pages/LaterPage.ts";
import { LoginPage } from "./pages/LoginPage.ts";
import { reportErrors } from "./report.ts";
import { createRouter } from "./router.ts";

/** The other pages are fetched once the first one had time to load its pictures. */
const idleMs = 3_000;
const root = document.getElementById("app")!;
applyTheme(readTheme(localStorage));

/** An empty boot block means that this browser has not signed in. */
function readBoot(): Boot | null {
  const text = document.getElementById("boot")?.textContent?.trim() ?? "";
  return text === "" || text.startsWith("<!--") ? null : (JSON.parse(text) as Boot | null);
}

function showLogin(): void {
  render(html`<${LoginPage} onSignedIn=${() => location.assign(location.pathname === "/login" ? "/" : location.href)} />`, root);
}

function start(boot: Boot): void {
  const api = createApi({ onSignedOut: showLogin });
  const connect = (query: string) => new WebSocket(`${location.origin.replace(/^http/, "ws")}/api/events${query}`);
  const app = createAppModel({ boot, api, router: createRouter(window), connect, store: localStorage });
  reportErrors(api);
  render(html`<${App} app=${app} />`, root);
  app.connection.start();
  // A failure is shown by the page that needs it, which then tries again.
  setTimeout(() => void loadLaterPages().catch(() => undefined), idleMs);
  // Read by `npm run bench`: the page is painted and its handlers are in place.
  requestAnimationFrame(() => setTimeout(() => performance.mark("isengard:interactive")));
}

const boot = readBoot();
if (boot) start(boot);
else showLogin();
