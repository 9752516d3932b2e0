import { html } from "htm/preact";
import { Button } from "../components/kit/Button.ts";
import { EmptyState } from "../components/kit/EmptyState.ts";
import { Page } from "../components/frame/Page.ts";

export function NotFoundPage() {
  return html`<${Page} title="Page not found">
    <${EmptyState} icon="search" title="There is nothing at this address" action=${html`<${Button} kind="primary" href="/">Go to Home<//>`}>
      The link may be old, or a character was deleted.
    <//>
  <//>`;
}
