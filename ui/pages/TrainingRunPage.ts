import { html } from "htm/preact";
import { Page } from "../components/Page.ts";

export function TrainingRunPage() {
  return html`<${Page} title="Training Run"><//>`;
}
