import { html } from "htm/preact";

/** The page's search; `/` moves the focus here. */
export function SearchField(props: { label: string; value: string; onInput: (value: string) => void }) {
  return html`<input
    class="input search"
    type="search"
    data-search
    aria-label=${props.label}
    placeholder=${props.label}
    value=${props.value}
    onInput=${(event: Event) => props.onInput((event.target as HTMLInputElement).value)}
  />`;
}
