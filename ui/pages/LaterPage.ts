import { html } from "htm/preact";
import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button } from "../components/kit/Button.ts";
import { ErrorNotice } from "../components/kit/Notice.ts";
import { Page } from "../components/frame/Page.ts";
import { Skeleton } from "../components/kit/Skeleton.ts";
import { frameText as text } from "../text/frame.ts";
import type { PageParams } from "./pages.ts";

type Later = typeof import("./later.ts");

let loaded: Later | null = null;

/** Fetched once, also ahead of time: an update of the server takes the old chunk away. */
export async function loadLaterPages(): Promise<void> {
  loaded = await import("./later.ts");
}

/** The list that Ctrl+K opens; nothing is shown until the chunk is there, which is seldom noticed. */
export function LaterPalette({ onClose }: { onClose: () => void }) {
  const [isReady, setReady] = useState(loaded !== null);
  useEffect(() => void (isReady || loadLaterPages().then(() => setReady(true), onClose)), []);
  return loaded && html`<${loaded.CommandPalette} onClose=${onClose} />`;
}

/** A page of the second chunk: its title stands at once, the rest when the chunk is there. */
export function laterPage(name: Exclude<keyof Later, "CommandPalette">, title: string): FunctionComponent<PageParams> {
  return function LaterPage({ params }) {
    const [state, setState] = useState<"loading" | "ready" | "failed">(loaded ? "ready" : "loading");
    const load = () => loadLaterPages().then(() => setState("ready"), () => setState("failed"));
    useEffect(() => void (state === "loading" && load()), []);
    if (loaded) return html`<${loaded[name]} params=${params} />`;
    const again = html`
      <${Button} icon="refresh" busyText="Trying…" onClick=${load}>Try again<//>
      <${Button} onClick=${() => location.reload()}>Reload<//>
    `;
    return html`<${Page} title=${title}>
      ${state === "loading" && html`<${Skeleton} height="88px" count=${3} />`}
      ${state === "failed" && html`<${ErrorNotice} error=${text.laterFailed} actions=${again} />`}
    <//>`;
  };
}
