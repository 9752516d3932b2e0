import type { AppModel } from "./models/app/AppModel.ts";
import type { RouteName } from "./router.ts";

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
/** What `n` begins on a page; elsewhere a character. */
const news: Readonly<Partial<Record<RouteName, string>>> = { training: "/training/new", trainingRun: "/training/new", generate: "/generate", gallery: "/generate" };
const newCharacter = "/characters?new=1";

/** Pages that can be gone to by name, with the keys that lead there. */
export const placeList = Object.entries(places).map(([key, [href, name]]) => ({ key, href, name }));

const chordMs = 1500;

/** The same table binds the keys and fills the list that `?` shows. */
export const keyBindings: readonly KeyBinding[] = [
  { keys: ["?"], does: "Show this list" },
  { keys: ["/"], does: "Go to the page's search" },
  { keys: ["Ctrl", "K"], does: "Go to a page, person or action by name" },
  { keys: ["n"], does: "New: a character, or what the page is for" },
  { keys: ["Esc"], does: "Close what is on top" },
  { keys: ["Alt", "↑"], does: "In the box of Generate: what you asked for before" },
  { keys: ["Ctrl", "Z"], does: "Undo the last deletion" },
  ...Object.entries(places).map(([key, [, name]]) => ({ keys: ["g", key], does: `Open ${name}` })),
];

export function bindKeys(app: AppModel): () => void {
  let chordUntil = 0;
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented) return;
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k" && !document.querySelector("dialog[open]")) {
      app.layer.value = "commands";
      return event.preventDefault();
    }
    if (isTyping(event.target)) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
      if (app.toasts.undoLast()) event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !app.preferences.singleKeys.value) return;
    if (document.querySelector("dialog[open]")) return;
    const place = performance.now() < chordUntil ? places[event.key] : undefined;
    chordUntil = event.key === "g" ? performance.now() + chordMs : 0;
    if (place) app.router.navigate(place[0]);
    else if (event.key === "n") app.router.navigate(news[app.router.route.value.name] ?? newCharacter);
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
