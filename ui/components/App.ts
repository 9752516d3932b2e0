import { html } from "htm/preact";
import { AppProvider, useApp, type AppModel } from "../models/AppModel.ts";
import { pageOf } from "../pages/pages.ts";
import { AppFrame } from "./AppFrame.ts";

export function App({ app }: { app: AppModel }) {
  return html`<${AppProvider} value=${app}><${AppFrame}><${CurrentPage} /><//><//>`;
}

/** A page is made anew for another address, but stays for another tab or filter of the same one. */
function CurrentPage() {
  const route = useApp().router.route.value;
  const Page = pageOf[route.name];
  return html`<${Page} key=${route.path} params=${route.params} />`;
}
