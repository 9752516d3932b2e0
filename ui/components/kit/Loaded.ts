import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import type { Resource } from "../../models/app/Resource.ts";
import { Button } from "./Button.ts";
import { ErrorNotice } from "./Notice.ts";

export interface LoadedProps<T> {
  resource: Resource<T>;
  skeleton: ComponentChildren;
  children: (data: T) => ComponentChildren;
}

/** Loading, error and content of fetched data as separate branches; old data stays, greyed, beside a failed refresh. */
export function Loaded<T>({ resource, skeleton, children }: LoadedProps<T>) {
  const data = resource.data.value;
  const error = resource.error.value;
  if (data === null && error === null) return html`${skeleton}`;
  const retry = html`<${Button} icon="refresh" busyText="Trying…" onClick=${() => resource.load()}>Try again<//>`;
  return html`
    ${error && html`<${ErrorNotice} error=${error} actions=${retry} />`}
    ${data !== null && html`<div class=${error ? "stack wide stale" : "stack wide"}>${children(data)}</div>`}
  `;
}
