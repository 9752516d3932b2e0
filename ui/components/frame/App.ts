import { html } from "htm/preact";
import { useErrorBoundary } from "preact/hooks";
import { asApiError } from "../../api.ts";
import { AppProvider, useApp, type AppModel } from "../../models/app/AppModel.ts";
import { pageOf } from "../../pages/pages.ts";
import { AppFrame } from "./AppFrame.ts";
import { Button } from "../kit/Button.ts";
import { ErrorNotice } from "../kit/Notice.ts";
import { Page } from "./Page.ts";

export function App({ app }: { app: AppModel }) {
  return html`<${AppProvider} value=${app}><${AppFrame}><${CurrentPage} /><//><//>`;
}

/** A page is made anew for another address, but stays for another tab or filter of the same one. */
function CurrentPage() {
  const { path } = useApp().router.route.value;
  return html`<${Guarded} key=${path} />`;
}

/** A page that breaks takes nothing else with it, and its error goes to the server's log. */
function Guarded() {
  const { route } = useApp().router;
  const [broken] = useErrorBoundary((thrown: unknown) => reportError(thrown));
  if (broken === undefined) {
    const Current = pageOf[route.value.name];
    return html`<${Current} params=${route.value.params} />`;
  }
  const { why, fix } = asApiError(broken);
  const error = { code: "page_error", what: "This page could not be shown.", why, fix, tail: [] };
  return html`<${Page} title="Something went wrong">
    <${ErrorNotice} error=${error} actions=${html`<${Button} icon="refresh" onClick=${() => location.reload()}>Reload<//>`} />
  <//>`;
}
