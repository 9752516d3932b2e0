import { effect, signal, type Signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

/** Choices of this browser; they never reach the server. */
export interface PreferencesModel {
  readonly theme: Signal<Theme>;
  /** Single-letter keys; WCAG 2.1.4 asks that they can be off. */
  readonly singleKeys: Signal<boolean>;
  dispose(): void;
}

const themeKey = "isengard.theme";
const keysKey = "isengard.single-keys";

export function readTheme(store: Storage): Theme {
  const saved = store.getItem(themeKey);
  return saved === "light" || saved === "dark" ? saved : "system";
}

export function applyTheme(theme: Theme): void {
  if (theme === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", theme);
}

export function createPreferencesModel(store: Storage): PreferencesModel {
  const theme = signal<Theme>(readTheme(store));
  const singleKeys = signal(store.getItem(keysKey) !== "off");
  const stop = effect(() => {
    applyTheme(theme.value);
    store.setItem(themeKey, theme.value);
    store.setItem(keysKey, singleKeys.value ? "on" : "off");
  });
  return { theme, singleKeys, dispose: stop };
}
