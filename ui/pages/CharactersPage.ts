import { html } from "htm/preact";
import { Page } from "../components/Page.ts";

export function CharactersPage() {
  return html`<${Page} title="Characters"><//>`;
}
