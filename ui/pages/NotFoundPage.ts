import { html } from "htm/preact";
import { Page } from "../components/Page.ts";

export function NotFoundPage() {
  return html`<${Page} title="Not Found"><//>`;
}
