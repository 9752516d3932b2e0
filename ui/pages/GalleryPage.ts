import { html } from "htm/preact";
import { Page } from "../components/Page.ts";

export function GalleryPage() {
  return html`<${Page} title="Gallery"><//>`;
}
