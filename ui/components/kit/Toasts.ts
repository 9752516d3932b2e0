import { html } from "htm/preact";
import { useLayoutEffect } from "preact/hooks";
import { useApp } from "../../models/app/AppModel.ts";
import { Button, refusedEvent } from "./Button.ts";

/** Only these keyboards have another key for it. */
const undoKeys = () => (/Mac|iPhone|iPad/.test(navigator.platform) ? "⌘Z" : "Ctrl+Z");

/**
 * Short news at the bottom. Never the only place of an error. Stands once on the page and once in each dialog: what is
 * beside an open dialog can be neither seen nor pressed.
 */
export function Toasts() {
  const { toasts } = useApp();
  useLayoutEffect(() => {
    const onRefused = (event: Event) => {
      const reason = (event as CustomEvent<string>).detail;
      if (!toasts.toasts.value.some((toast) => toast.text === reason)) toasts.show(reason);
    };
    document.addEventListener(refusedEvent, onRefused);
    return () => document.removeEventListener(refusedEvent, onRefused);
  }, [toasts]);
  const hold = () => toasts.pause(true);
  const release = () => toasts.pause(false);
  return html`<div class="toasts" role="status" aria-label="News" onMouseEnter=${hold} onMouseLeave=${release} onFocusIn=${hold} onFocusOut=${release}>
    ${toasts.toasts.value.map(
      (toast) => html`<div class="toast" key=${toast.id}>
        <p>${toast.text}</p>
        ${toast.isUndo && html`<kbd class="keys">${undoKeys()}</kbd>`}
        ${toast.action && html`<${Button} onClick=${() => toasts.act(toast.id)}>${toast.action.label}<//>`}
        <${Button} icon="close" label="Dismiss" onClick=${() => toasts.dismiss(toast.id)} />
      </div>`,
    )}
  </div>`;
}
