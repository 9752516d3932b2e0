import { html } from "htm/preact";
import { Page } from "../components/Page.ts";

export function LogsPage() {
  return html`<${Page} title="Logs"><//>`;
}
