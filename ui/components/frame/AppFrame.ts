import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { bindKeys } from "../../keys.ts";
import { useApp } from "../../models/app/AppModel.ts";
import type { RouteName } from "../../router.ts";
import { LaterPalette } from "../../pages/LaterPage.ts";
import { frameText } from "../../text/frame.ts";
import { Badge } from "../kit/Badge.ts";
import { Icon, Mark, type IconName } from "../kit/Icon.ts";
import { JobsSheet } from "./JobsSheet.ts";
import { KeysDialog } from "./KeysDialog.ts";
import { Sheet } from "../kit/Dialog.ts";
import { Toasts } from "../kit/Toasts.ts";

interface Place {
  name: RouteName;
  /** Pages below this one mark it as current too. */
  also?: readonly RouteName[];
  href: string;
  label: string;
  icon: IconName;
}

/** In the order of the work. The first five stand in the bottom bar of a small screen, the rest behind More. */
const places: readonly Place[] = [
  { name: "home", href: "/", label: "Home", icon: "home" },
  { name: "characters", also: ["character"], href: "/characters", label: "Characters", icon: "people" },
  { name: "training", also: ["trainingNew", "trainingRun"], href: "/training", label: "Training", icon: "train" },
  { name: "generate", href: "/generate", label: "Generate", icon: "spark" },
  { name: "gallery", href: "/gallery", label: "Gallery", icon: "picture" },
  { name: "queue", href: "/queue", label: "Queue", icon: "queue" },
  { name: "video", href: "/video", label: "Video", icon: "film" },
  { name: "logs", href: "/logs", label: "Logs", icon: "log" },
  { name: "settings", href: "/settings", label: "Settings", icon: "gear" },
];
const inBar = 5;

export function AppFrame({ children }: { children?: ComponentChildren }) {
  const app = useApp();
  useEffect(() => bindKeys(app), [app]);
  return html`
    <a class="skip" href="#main">${frameText.skip}</a>
    <div class="app" data-lost=${app.connection.lostSince.value === null ? undefined : ""}>
      <${Rail} />
      ${children}
    </div>
    <${BottomBar} />
    <${Layers} />
    <${Toasts} />
    <div class="hide" role="status" aria-live="polite">${app.announcement}</div>
  `;
}

function Rail() {
  const app = useApp();
  return html`<aside class="rail" aria-label="Isengard">
    <div>
      <a class="brand" href="/"><${Mark} />Isengard</a>
      <nav aria-label="Pages"><${PlaceLinks} places=${places} /></nav>
      <div class="rail-foot">
        <span>Version ${app.info.value.version}</span>
        <span>Press <kbd>?</kbd> for keys, <kbd>Ctrl</kbd> <kbd>K</kbd> to go anywhere</span>
      </div>
    </div>
  </aside>`;
}

function PlaceLinks({ places: shown }: { places: readonly Place[] }) {
  return html`<div class="nav">
    ${shown.map(
      (place) => html`<a key=${place.href} href=${place.href} aria-current=${useIsCurrent(place) ? "page" : undefined}>
        <${Icon} name=${place.icon} />${place.label}
        ${place.name === "video" && html`<span class="aside"><${Badge}>In development<//></span>`}
      </a>`,
    )}
  </div>`;
}

function useIsCurrent(place: Place): boolean {
  const { name } = useApp().router.route.value;
  return place.name === name || place.also?.includes(name) === true;
}

function BottomBar() {
  const app = useApp();
  const rest = places.slice(inBar);
  const inRest = rest.some((place) => useIsCurrent(place));
  return html`<nav class="bottom" aria-label="Pages, short">
    ${places.slice(0, inBar).map(
      (place) => html`<a key=${place.href} href=${place.href} aria-current=${useIsCurrent(place) ? "page" : undefined}>
        <${Icon} name=${place.icon} />${place.label}
      </a>`,
    )}
    <button type="button" aria-haspopup="dialog" aria-current=${inRest ? "page" : undefined} onClick=${() => (app.layer.value = "more")}>
      <${Icon} name="more" />More
    </button>
  </nav>`;
}

/** The one layer over the page; moving to another page closes it. */
function Layers() {
  const app = useApp();
  const visits = app.router.visits.value;
  useEffect(() => {
    app.layer.value = "none";
  }, [visits]);
  const close = () => (app.layer.value = "none");
  switch (app.layer.value) {
    case "jobs":
      return html`<${JobsSheet} onClose=${close} />`;
    case "commands":
      return html`<${LaterPalette} onClose=${close} />`;
    case "keys":
      return html`<${KeysDialog} onClose=${close} />`;
    case "more":
      return html`<${Sheet} title=${frameText.moreTitle} onClose=${close}>
        <nav aria-label="More pages" onClick=${close}><${PlaceLinks} places=${places.slice(inBar)} /></nav>
      <//>`;
    case "none":
      return null;
  }
}
