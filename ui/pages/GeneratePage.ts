import { html } from "htm/preact";
import { Page } from "../components/Page.ts";

export function GeneratePage() {
  return html`<${Page} title="Generate"><//>`;
}
