import { html } from "htm/preact";
import { Page } from "../components/Page.ts";

export function HomePage() {
  return html`<${Page} title="Home"><//>`;
}
