import { html } from "htm/preact";
import { Page } from "../components/Page.ts";

export function TrainingStartPage() {
  return html`<${Page} title="Training Start"><//>`;
}
