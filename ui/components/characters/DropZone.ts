import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { plural } from "../../format.ts";
import { filesOfFolder, isPictureFile, readTransfer, type Dropped } from "../../models/characters/dropped-files.ts";
import { charactersText as text } from "../../text/characters.ts";
import { Button } from "../kit/Button.ts";
import { Icon } from "../kit/Icon.ts";

export interface DropZoneProps {
  onFiles: (files: File[]) => void;
  /** Takes files dropped and pictures pasted anywhere on the page. */
  wholePage?: boolean;
  small?: boolean;
  /** One line high, for a page that has photos already. */
  row?: boolean;
  /** Files already chosen in a form. */
  chosen?: readonly File[];
}

/** A finger cannot drop, and phones offer no folders. */
const isTouch = () => typeof matchMedia === "function" && matchMedia("(pointer: coarse)").matches;

/** Drop, paste, or the buttons: each way gives the same files, and folders give the pictures in them. */
export function DropZone({ onFiles, wholePage = false, small = false, row = false, chosen = [] }: DropZoneProps) {
  const zone = useRef<HTMLDivElement>(null);
  const [over, setOver] = useState(false);
  const [news, setNews] = useState("");
  const take = (dropped: Dropped) => {
    setNews(newsOf(dropped));
    if (dropped.files.length > 0) onFiles([...dropped.files]);
  };
  const read = async (transfer: DataTransfer | null) => {
    if (!transfer || (transfer.files.length === 0 && transfer.items.length === 0)) return;
    const reading = readTransfer(transfer);
    if (transfer.files.length > 0) setNews(text.readingFiles);
    take(await reading);
  };
  useEffect(() => {
    const target: EventTarget = wholePage ? document : zone.current!;
    const onDrag = (event: Event) => {
      if (!(event as DragEvent).dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: Event) => {
      if ((event as DragEvent).relatedTarget === null || !wholePage) setOver(false);
    };
    const onDrop = (event: Event) => {
      event.preventDefault();
      setOver(false);
      void read((event as DragEvent).dataTransfer);
    };
    const onPaste = (event: Event) => void read((event as ClipboardEvent).clipboardData);
    const pairs = [["dragover", onDrag], ["dragleave", onLeave], ["drop", onDrop], ["paste", onPaste]] as const;
    for (const [type, handler] of pairs) target.addEventListener(type, handler);
    return () => {
      for (const [type, handler] of pairs) target.removeEventListener(type, handler);
    };
  });
  const touch = isTouch();
  if (row && touch) return html`<div ref=${zone}><p class="hint" role="status">${news}</p><${Choosers} isQuiet withFolder=${false} onFiles=${take} /></div>`;
  return html`<div class=${row ? "drop line" : "drop"} ref=${zone} data-over=${over ? "" : undefined}>
    ${!small && html`<${Icon} name="upload" size=${row ? "" : "l"} />`}
    <div>
      <p><strong>${chosen.length > 0 ? chosenWords(chosen) : small || row ? text.dropTitle : text.noPhotosTitle}</strong></p>
      ${!small && !row && html`<p>${text.noPhotos}</p>`}
      ${!small && html`<p class="hint">${touch ? text.touchHelp : text.dropHelp}</p>`}
      <p class="hint" role="status">${news}</p>
    </div>
    <${Choosers} isQuiet=${small || row} withFolder=${!touch} onFiles=${take} />
  </div>`;
}

interface ChoosersProps {
  isQuiet: boolean;
  withFolder: boolean;
  onFiles: (dropped: Dropped) => void;
}

function Choosers({ isQuiet, withFolder, onFiles }: ChoosersProps) {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const read = (input: HTMLInputElement, isFolder: boolean) => {
    const list = [...(input.files ?? [])];
    input.value = "";
    if (isFolder) return onFiles(filesOfFolder(list));
    onFiles({ files: list, others: 0, unreadable: [], folders: 0, isCut: false });
  };
  const shared = { class: "hide", type: "file", multiple: true, tabindex: "-1", "aria-hidden": "true" };
  return html`
    <input ...${shared} ref=${files} accept="image/jpeg,image/png,image/webp" onChange=${() => read(files.current!, false)} />
    ${withFolder && html`<input ...${shared} ref=${folder} webkitdirectory onChange=${() => read(folder.current!, true)} />`}
    <span class="row wrap center">
      <${Button} kind=${isQuiet ? "plain" : "primary"} icon="plus" onClick=${() => files.current?.click()}>${text.choose}<//>
      ${withFolder && html`<${Button} kind="quiet" onClick=${() => folder.current?.click()}>${text.chooseFolder}<//>`}
    </span>`;
}

function chosenWords(chosen: readonly File[]): string {
  const photos = chosen.filter(isPictureFile).length;
  const others = chosen.length - photos;
  return `${plural(photos, "photo")} chosen${others === 0 ? "" : `, ${plural(others, "other file")}`}`;
}

/** What a folder held beside pictures, and what could not be looked into; empty where all is taken. */
function newsOf({ files, others, unreadable, folders, isCut }: Dropped): string {
  if (folders === 0) return "";
  return [
    files.length === 0 && unreadable.length === 0 ? text.folderEmpty : "",
    others > 0 ? text.folderOthers(others) : "",
    unreadable.length > 0 ? text.folderUnreadable(unreadable) : "",
    isCut ? text.folderCut : "",
  ].filter((part) => part !== "").join(" ");
}
