import { html } from "htm/preact";
import { Page } from "../components/Page.ts";

export function CharacterPage() {
  return html`<${Page} title="Character"><//>`;
}
