import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useSwipe } from "../../models/hooks/useSwipe.ts";
import { useApp } from "../../models/app/AppModel.ts";
import { Button } from "./Button.ts";
import { Dialog } from "./Dialog.ts";

export interface ViewerItem {
  id: string;
  src: string;
  alt: string;
}

export interface PictureViewerProps {
  title: string;
  items: readonly ViewerItem[];
  at: number;
  onMove: (at: number) => void;
  onClose: () => void;
  /** There are more than `items`. */
  hasMore?: boolean;
  /** What single keys do with the picture shown. */
  keys?: Readonly<Record<string, () => void>>;
  /** Buttons for the picture shown, for example Download and Delete. */
  actions?: ComponentChildren;
  children?: ComponentChildren;
}

/** One picture large, arrows to the others. The neighbours are fetched ahead. */
export function PictureViewer({ title, items, at, onMove, onClose, hasMore = false, keys = {}, actions, children }: PictureViewerProps) {
  const item = items[at];
  const { preferences } = useApp();
  const figure = useRef<HTMLElement>(null);
  const go = (to: number) => items[to] && onMove(to);
  useSwipe(figure, { onStep: (step) => go(at + step), onPull: onClose });
  useEffect(() => {
    for (const near of [items[at - 1], items[at + 1]]) if (near) new Image().src = near.src;
  }, [at]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const moves: Readonly<Record<string, number>> = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: items.length - 1 };
      const to = moves[event.key];
      if (to !== undefined) return void go(to);
      // Keys with a letter can be switched off, as for the rest of the page.
      if (event.key.length > 1 || preferences.singleKeys.value) keys[event.key]?.();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  });
  if (!item) return null;
  return html`<${Dialog} shape="viewer" title=${title} onClose=${onClose}>
    <figure class="viewer-picture" ref=${figure}><img src=${item.src} alt=${item.alt} /></figure>
    <div class="row wrap apart">
      <span class="row">
        <${Button} icon="left" label="Previous" unavailable=${at === 0 ? "This is the first." : null} onClick=${() => onMove(at - 1)} />
        <span class="num small">${at + 1} of ${items.length}${hasMore ? "+" : ""}</span>
        <${Button} icon="right" label="Next" unavailable=${at === items.length - 1 ? "This is the last." : null} onClick=${() => onMove(at + 1)} />
      </span>
      <span class="row wrap">${actions}</span>
    </div>
    ${children}
  <//>`;
}
