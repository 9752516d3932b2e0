import { html } from "htm/preact";
import { Page } from "../components/Page.ts";

export function VideoPage() {
  return html`<${Page} title="Video"><//>`;
}
