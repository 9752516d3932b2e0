import type { AppModel } from "./models/AppModel.ts";

export interface KeyBinding {
  keys: readonly string[];
  does: string;
}

/** `g`, then one of these, opens the page. */
const places: Readonly<Record<string, readonly [string, string]>> = {
  h: ["/", "Home"],
  c: ["/characters", "Characters"],
  t: ["/training", "Training"],
  n: ["/generate", "Generate"],
  q: ["/queue", "Queue"],
  y: ["/gallery", "Gallery"],
  l: ["/logs", "Logs"],
  v: ["/video", "Video"],
  s: ["/settings", "Settings"],
};
const chordMs = 1500;

/** The same table binds the keys and fills the list that `?` shows. */
export const keyBindings: readonly KeyBinding[] = [
  { keys: ["?"], does: "Show this list" },
  { keys: ["/"], does: "Go to the page's search" },
  { keys: ["Esc"], does: "Close what is on top" },
  { keys: ["Ctrl", "Z"], does: "Undo the last deletion" },
  ...Object.entries(places).map(([key, [, name]]) => ({ keys: ["g", key], does: `Open ${name}` })),
];

export function bindKeys(app: AppModel): () => void {
  let chordUntil = 0;
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || isTyping(event.target)) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
      if (app.toasts.undoLast()) event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !app.preferences.singleKeys.value) return;
    if (document.querySelector("dialog[open]")) return;
    const place = performance.now() < chordUntil ? places[event.key] : undefined;
    chordUntil = event.key === "g" ? performance.now() + chordMs : 0;
    if (place) app.router.navigate(place[0]);
    else if (event.key === "?") app.layer.value = "keys";
    else if (event.key === "/") document.querySelector<HTMLElement>("[data-search]")?.focus();
    else return;
    event.preventDefault();
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}

function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  if (!element?.closest) return false;
  if (element.closest("textarea, select, [contenteditable='true']")) return true;
  const type = element.closest("input")?.getAttribute("type") ?? (element.closest("input") ? "text" : null);
  return type !== null && !["checkbox", "radio", "range", "button", "submit"].includes(type);
}
