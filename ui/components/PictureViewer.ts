import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
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
  /** Buttons for the picture shown, for example Download and Delete. */
  actions?: ComponentChildren;
  children?: ComponentChildren;
}

/** One picture large, arrows to the others. The neighbours are fetched ahead. */
export function PictureViewer({ title, items, at, onMove, onClose, actions, children }: PictureViewerProps) {
  const item = items[at];
  useEffect(() => {
    for (const near of [items[at - 1], items[at + 1]]) if (near) new Image().src = near.src;
  }, [at]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const step = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
      if (step !== 0 && items[at + step]) onMove(at + step);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [at, items.length]);
  if (!item) return null;
  return html`<${Dialog} shape="viewer" title=${title} onClose=${onClose}>
    <figure class="viewer-picture"><img src=${item.src} alt=${item.alt} /></figure>
    <div class="row wrap apart">
      <span class="row">
        <${Button} icon="left" label="Previous" unavailable=${at === 0 ? "This is the first." : null} onClick=${() => onMove(at - 1)} />
        <span class="num small">${at + 1} of ${items.length}</span>
        <${Button} icon="right" label="Next" unavailable=${at === items.length - 1 ? "This is the last." : null} onClick=${() => onMove(at + 1)} />
      </span>
      <span class="row wrap">${actions}</span>
    </div>
    ${children}
  <//>`;
}
