import { html } from "htm/preact";
import { useRef } from "preact/hooks";

export interface TabItem {
  id: string;
  label: string;
  count?: number;
}

/** The panel belongs to the page: give it `role="tabpanel"`, `id="panel"` and `aria-labelledby="tab-<id>"`. */
export function Tabs(props: { label: string; items: readonly TabItem[]; active: string; onSelect: (id: string) => void }) {
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const at = props.items.findIndex((item) => item.id === props.active);
    const last = props.items.length - 1;
    const moves: Record<string, number> = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last };
    const next = moves[event.key];
    if (next === undefined) return;
    event.preventDefault();
    props.onSelect(props.items[next]!.id);
    (list.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  return html`<div class="tabs" role="tablist" aria-label=${props.label} ref=${list} onKeyDown=${onKeyDown}>
    ${props.items.map((item) => {
      const selected = item.id === props.active;
      return html`<button
        type="button"
        role="tab"
        key=${item.id}
        id=${`tab-${item.id}`}
        aria-selected=${selected ? "true" : "false"}
        aria-controls="panel"
        tabindex=${selected ? 0 : -1}
        onClick=${() => props.onSelect(item.id)}
      >
        ${item.label}${item.count !== undefined && html`<span class="badge num">${item.count}</span>`}
      </button>`;
    })}
  </div>`;
}
