import { html } from "htm/preact";
import { Page } from "../components/Page.ts";

export function TrainingPage() {
  return html`<${Page} title="Training"><//>`;
}
