import { signal, type ReadonlySignal } from "@preact/signals";

export type RouteName =
  | "home" | "characters" | "character" | "training" | "trainingNew" | "trainingRun"
  | "generate" | "gallery" | "queue" | "logs" | "video" | "settings" | "notFound";

export interface Route {
  readonly name: RouteName;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly path: string;
}

/** First match wins, so `/training/new` stands before `/training/:id`. */
const patterns: ReadonlyArray<readonly [string, RouteName]> = [
  ["/", "home"],
  ["/characters", "characters"],
  ["/characters/:id", "character"],
  ["/training", "training"],
  ["/training/new", "trainingNew"],
  ["/training/:id", "trainingRun"],
  ["/generate", "generate"],
  ["/gallery", "gallery"],
  ["/queue", "queue"],
  ["/logs", "logs"],
  ["/video", "video"],
  ["/settings", "settings"],
];

export function matchRoute(address: string): Route {
  const url = new URL(address, "http://page");
  const parts = segments(url.pathname);
  for (const [pattern, name] of patterns) {
    const params = matchSegments(segments(pattern), parts);
    if (params) return { name, params, query: url.searchParams, path: url.pathname };
  }
  return { name: "notFound", params: {}, query: url.searchParams, path: url.pathname };
}

function segments(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

function matchSegments(pattern: string[], parts: string[]): Record<string, string> | null {
  if (pattern.length !== parts.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const expected = pattern[index]!;
    if (expected.startsWith(":")) params[expected.slice(1)] = decode(part);
    else if (expected !== part) return null;
  }
  return params;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A stray percent sign in a typed address is kept as it is; the page then says that it found nothing.
    return part;
  }
}

export interface Router {
  readonly route: ReadonlySignal<Route>;
  /** How often the person moved to another page; 0 on the page that was opened first. */
  readonly visits: ReadonlySignal<number>;
  navigate(address: string, options?: { replace?: boolean }): void;
  /** Changes parts of the query in place, for tabs and filters; `null` removes one. Does not count as a visit. `isLayer`: Back takes it away again. */
  setQuery(changes: Record<string, string | null>, options?: { isLayer?: boolean }): void;
  /** Takes a layer away that `setQuery` opened with `isLayer`, as Back does; where the page began with it, in place. */
  closeLayer(changes: Record<string, string | null>): void;
  dispose(): void;
}

/** Follows the address bar. Plain left clicks on links of this page are handled here, all other clicks by the browser. */
export function createRouter(view: Window): Router {
  const route = signal(matchRoute(view.location.href));
  const visits = signal(0);

  const show = () => {
    const next = matchRoute(view.location.href);
    if (next.path !== route.value.path) visits.value += 1;
    route.value = next;
  };
  const navigate: Router["navigate"] = (address, options) => {
    const moved = new URL(address, view.location.href).pathname !== route.value.path;
    if (options?.replace) view.history.replaceState(null, "", address);
    else view.history.pushState(null, "", address);
    show();
    if (moved) view.scrollTo(0, 0);
  };
  const setQuery: Router["setQuery"] = (changes, options) => {
    const url = new URL(view.location.href);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    if (options?.isLayer) view.history.pushState({ isLayer: true }, "", url.pathname + url.search);
    else view.history.replaceState(view.history.state, "", url.pathname + url.search);
    show();
  };
  const onClick = (event: MouseEvent) => {
    const address = localAddress(event, view.location);
    if (address === null) return;
    event.preventDefault();
    navigate(address);
  };
  view.addEventListener("popstate", show);
  view.document.addEventListener("click", onClick);

  return {
    route,
    visits,
    navigate,
    setQuery,
    closeLayer(changes) {
      if ((view.history.state as { isLayer?: boolean } | null)?.isLayer === true) view.history.back();
      else setQuery(changes);
    },
    dispose() {
      view.removeEventListener("popstate", show);
      view.document.removeEventListener("click", onClick);
    },
  };
}

/** The address inside this page that a click asks for, or null when the browser must handle the click itself. */
export function localAddress(event: MouseEvent, page: Pick<Location, "href" | "origin">): string | null {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null;
  const link = (event.target as Element | null)?.closest?.("a[href]");
  if (!link || link.hasAttribute("download") || link.getAttribute("target")) return null;
  const url = new URL(link.getAttribute("href")!, page.href);
  if (url.origin !== page.origin || url.pathname.startsWith("/api/")) return null;
  if (url.hash !== "" && url.pathname === new URL(page.href).pathname) return null;
  return url.pathname + url.search;
}
