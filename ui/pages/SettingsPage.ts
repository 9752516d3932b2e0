import { html } from "htm/preact";
import { Page } from "../components/Page.ts";

export function SettingsPage() {
  return html`<${Page} title="Settings"><//>`;
}
