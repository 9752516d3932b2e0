import { html } from "htm/preact";
import { Badge } from "../components/kit/Badge.ts";
import { Icon } from "../components/kit/Icon.ts";
import { Page } from "../components/frame/Page.ts";
import { useApp } from "../models/app/AppModel.ts";
import { videoText as text } from "../text/more.ts";

/** Is this coming? */
export function VideoPage() {
  const { video } = useApp().info.value;
  return html`<${Page} title=${text.title}>
    <div class="empty">
      <span class="badge-icon"><${Icon} name="film" size="l" /></span>
      <${Badge} tone="run">${text.badge}<//>
      <h2>${text.heading}</h2>
      <p>${text.what}</p>
      <p>${text.reuse}</p>
      ${video.reason && html`<p class="hint">${video.reason}</p>`}
    </div>
  <//>`;
}
