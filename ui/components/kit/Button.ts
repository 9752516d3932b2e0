import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { Icon, type IconName } from "./Icon.ts";

/** Sent by a button that was pressed while it can do nothing, with the reason: a finger cannot hover over it to read it. */
export const refusedEvent = "isengard:refused";

export interface ButtonProps {
  kind?: "plain" | "primary" | "danger" | "quiet" | "link";
  icon?: IconName;
  /** For a button that shows only its icon: its name for everyone else. */
  label?: string;
  /** Says why the button can do nothing now; it stays focusable so that the reason can be read. */
  unavailable?: string | null;
  busy?: boolean;
  busyText?: string;
  /** While a returned promise is pending the button is busy and ignores clicks. */
  onClick?: (event: MouseEvent) => unknown;
  /** Makes it a link that looks like a button. */
  href?: string;
  /** A page that is not of this program opens in a tab of its own. */
  isOutside?: boolean;
  download?: string | boolean;
  type?: "button" | "submit";
  /** The full name where the text shown is shortened. */
  name?: string;
  class?: string;
  id?: string;
  /** -1 in a grid that is one tab stop. */
  tabIndex?: number;
  expanded?: boolean;
  hasPopup?: "dialog" | "menu";
  children?: ComponentChildren;
}

export function Button(props: ButtonProps) {
  const [pending, setPending] = useState(false);
  const reasonId = useId();
  const busy = pending || props.busy === true;
  const unavailable = props.unavailable ?? null;
  const only = props.label !== undefined && props.children === undefined;
  const content = html`
    ${props.icon && html`<${Icon} name=${props.icon} size=${only ? "" : "s"} />`}
    ${busy && props.busyText ? props.busyText : props.children}
    ${unavailable !== null && html`<span class="hide" id=${reasonId}>${unavailable}</span>`}
  `;
  const outside = props.isOutside ? "_blank" : undefined;
  const shared = {
    class: `btn ${props.class ?? ""}`,
    id: props.id,
    tabindex: props.tabIndex,
    "data-kind": props.kind ?? "plain",
    "data-only": only ? "" : undefined,
    "aria-label": props.label ?? props.name,
    title: unavailable ?? (only ? props.label : undefined),
  };
  if (props.href !== undefined && unavailable === null) {
    return html`<a ...${shared} href=${props.href} download=${props.download} target=${outside} rel=${outside && "noreferrer"} onClick=${props.onClick}>${content}</a>`;
  }
  const onClick = (event: MouseEvent) => {
    if (busy || unavailable !== null) {
      if (unavailable !== null) event.currentTarget?.dispatchEvent(new CustomEvent(refusedEvent, { bubbles: true, detail: unavailable }));
      return event.preventDefault();
    }
    const result = props.onClick?.(event);
    if (!(result instanceof Promise)) return;
    setPending(true);
    void result.finally(() => setPending(false)).catch(reportUncaught);
  };
  return html`<button
    ...${shared}
    type=${props.type ?? "button"}
    aria-busy=${busy ? "true" : undefined}
    aria-disabled=${busy || unavailable !== null ? "true" : undefined}
    aria-describedby=${unavailable !== null ? reasonId : undefined}
    aria-expanded=${props.expanded}
    aria-haspopup=${props.hasPopup}
    onClick=${onClick}
  >${content}</button>`;
}

/** A handler that did not show its own error: the page's reporter sends it to the server's log. */
function reportUncaught(thrown: unknown): void {
  reportError(thrown);
}
