import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Button } from "./Button.ts";
import { Toasts } from "./Toasts.ts";

export interface DialogProps {
  title: string;
  onClose: () => void;
  /** While true, Esc and the close button do nothing. */
  busy?: boolean;
  /** `sheet` slides in from the side, on a small screen from below. */
  shape?: "dialog" | "sheet" | "viewer";
  /** Holds what somebody typed, so that a press beside it does not close it. */
  isForm?: boolean;
  footer?: ComponentChildren;
  children?: ComponentChildren;
}

/** The first field, or in a question the first button of the footer, which is the safe one. */
const firstFocus = "[data-focus], input:not([type=file]), textarea, select, footer .btn";

/** Open for as long as it is rendered. The browser keeps the focus inside and gives it back afterwards. */
export function Dialog({ title, onClose, busy = false, shape = "dialog", isForm = false, footer, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current!;
    const before = document.activeElement as HTMLElement | null;
    dialog.showModal();
    dialog.querySelector<HTMLElement>(firstFocus)?.focus();
    return () => {
      dialog.close();
      before?.focus?.();
    };
  }, []);
  const onCancel = (event: Event) => {
    event.preventDefault();
    if (!busy) onClose();
  };
  const onBackdrop = (event: MouseEvent) => {
    if (event.target === ref.current && !busy && !isForm) onClose();
  };
  /** Enter in a one-line field does what the main button does. */
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.isComposing || (event.target as Element).tagName !== "INPUT") return;
    event.preventDefault();
    ref.current?.querySelector<HTMLElement>("footer .btn[data-kind=primary]")?.click();
  };
  return html`<dialog ref=${ref} class=${shape} aria-labelledby=${titleId} onCancel=${onCancel} onMouseDown=${onBackdrop} onKeyDown=${onKeyDown}>
    <div>
      <header>
        <h2 id=${titleId}>${title}</h2>
        <${Button} kind="quiet" icon="close" label="Close" onClick=${() => !busy && onClose()} />
      </header>
      ${children}
      ${footer && html`<footer>${footer}</footer>`}
    </div>
    <${Toasts} />
  </dialog>`;
}

export function Sheet(props: Omit<DialogProps, "shape">) {
  return html`<${Dialog} ...${props} shape="sheet" />`;
}
