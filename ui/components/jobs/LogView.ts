import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { LogEntry, LogLevel } from "../../../server/contract/log.ts";
import { formatClock, plural } from "../../format.ts";
import type { LogFilter, LogModel, LogRow } from "../../models/jobs/LogModel.ts";
import { Chip } from "../kit/Badge.ts";
import { Button } from "../kit/Button.ts";
import { CopyButton } from "../kit/CopyField.ts";
import { FilteredEmpty } from "../kit/EmptyState.ts";
import { LogDetails } from "./LogDetails.ts";
import { ErrorNotice } from "../kit/Notice.ts";
import { SearchField } from "../kit/SearchField.ts";

/** Every row has this height, so that the window can be computed. Rows do not wrap. */
const rowPx = 20;
const overscanRows = 20;
const searchMs = 300;
/** Closer to the end than this counts as being there. */
const nearEndPx = 30;

const levels: ReadonlyArray<readonly [LogLevel | null, string]> = [
  [null, "Everything"],
  ["warn", "Warnings and errors"],
  ["error", "Errors"],
];

const ranges: ReadonlyArray<readonly [number | null, string]> = [[null, "Any time"], [1, "Last hour"], [24, "Last 24 hours"]];

export interface LogViewProps {
  model: LogModel;
  label: string;
  /** What to say when there is no line at all. */
  empty: string;
  /** Told of each change of the filter, for a page that keeps it in its address. */
  onFilter?: (filter: LogFilter) => void;
  /** Only for tests, where nothing has a size. */
  viewportPx?: number;
}

/** A log in a window of rows: follows the end until the person scrolls away, then counts what comes. */
export function LogView({ model, label, empty, onFilter, viewportPx }: LogViewProps) {
  const rows = model.rows.value;
  const filter = model.filter.value;
  const isFiltered = filter.level !== null || filter.search !== "" || filter.hours !== null;
  const clear = () => model.setFilter({ level: null, search: "", hours: null });
  const error = model.error.value;
  const isEmpty = rows.length === 0 && !model.loading.value && !error;
  const [chosen, setChosen] = useState<LogEntry | null>(null);
  useEffect(() => onFilter?.(filter), [filter]);
  return html`<section class="log" aria-label=${label}>
    <${LogTools} model=${model} />
    ${error && html`<${ErrorNotice} error=${error} actions=${html`<${Button} icon="refresh" onClick=${model.load}>Try again<//>`} />`}
    ${model.older.value > 0 &&
    html`<div class="row wrap hint">
      <span class="num">${plural(model.older.value, "earlier line")} not shown.</span>
      <${Button} kind="link" busyText="Loading…" onClick=${model.loadOlder}>Load earlier lines<//>
    </div>`}
    ${isEmpty && isFiltered && html`<${FilteredEmpty} filter=${filterWords(filter)} onClear=${clear} />`}
    ${isEmpty && !isFiltered && html`<p class="hint">${empty}</p>`}
    ${(rows.length > 0 || model.loading.value) && html`<${LogRows} model=${model} rows=${rows} label=${label} chosen=${chosen} onChoose=${setChosen} viewportPx=${viewportPx} />`}
    ${chosen && html`<${LogDetails} entry=${chosen} onClose=${() => setChosen(null)} />`}
  </section>`;
}

function filterWords(filter: LogFilter): string {
  const level = levels.find(([id]) => id === filter.level)?.[1] ?? "";
  const time = ranges.find(([hours]) => hours === filter.hours)?.[1] ?? "";
  return [filter.level === null ? "" : level, filter.hours === null ? "" : time, filter.search].filter((part) => part !== "").join(", ");
}

function LogTools({ model }: { model: LogModel }) {
  const [search, setSearch] = useState(model.filter.value.search);
  useEffect(() => {
    if (search === model.filter.value.search) return;
    const timer = setTimeout(() => model.setFilter({ search }), searchMs);
    return () => clearTimeout(timer);
  }, [search]);
  useEffect(() => setSearch(model.filter.value.search), [model.filter.value.search]);
  const text = () => model.rows.value.map(lineText).join("\n");
  const following = model.following.value;
  return html`<div class="log-tools">
    <${SearchField} label="Search this log" value=${search} onInput=${setSearch} />
    ${levels.map(
      ([level, word]) => html`<${Chip} key=${word} pressed=${model.filter.value.level === level} onClick=${() => model.setFilter({ level })}>${word}<//>`,
    )}
    <select class="input auto" aria-label="Time" onChange=${(event: Event) => model.setFilter({ hours: Number((event.target as HTMLSelectElement).value) || null })}>
      ${ranges.map(([hours, word]) => html`<option key=${word} value=${hours ?? ""} selected=${model.filter.value.hours === hours}>${word}</option>`)}
    </select>
    <span class="row log-acts">
      <${Button} kind="quiet" icon=${following ? "pause" : "play"} onClick=${() => model.follow(!following)}>${following ? "Pause" : "Follow"}<//>
      <${CopyButton} text=${text()} label="Copy" />
      ${model.downloadUrl && html`<${Button} kind="quiet" icon="download" href=${model.downloadUrl} download>Download<//>`}
    </span>
  </div>`;
}

interface LogRowsProps {
  model: LogModel;
  rows: readonly LogRow[];
  label: string;
  /** The line that is shown whole. */
  chosen: LogEntry | null;
  onChoose: (entry: LogEntry) => void;
  viewportPx: number | undefined;
}

function LogRows({ model, rows, label, chosen, onChoose, viewportPx }: LogRowsProps) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const lastTop = useRef(0);
  const following = model.following.value;
  const height = viewportPx ?? box.current?.clientHeight ?? 600;
  const first = Math.max(0, Math.min(Math.floor(top / rowPx), rows.length - 1) - overscanRows);
  const last = Math.min(rows.length, Math.ceil((top + height) / rowPx) + overscanRows);
  useLayoutEffect(() => {
    if (!following || !box.current) return;
    box.current.scrollTop = rows.length * rowPx;
    setTop(Math.max(0, rows.length * rowPx - height));
  }, [rows, following]);
  const onScroll = () => {
    const at = box.current;
    // The browser still sends this when the box has just left the page.
    if (!at) return;
    // Lines that arrive move the end away without anybody scrolling; only a person goes upwards.
    const isUpwards = at.scrollTop < lastTop.current;
    lastTop.current = at.scrollTop;
    setTop(at.scrollTop);
    const isAtEnd = at.scrollHeight - at.scrollTop - at.clientHeight < nearEndPx;
    if (isAtEnd !== model.following.value && (isAtEnd || isUpwards)) model.follow(isAtEnd);
  };
  const count = model.newLines.value;
  const onKeyDown = (event: KeyboardEvent) => {
    const next = event.key === "Enter" ? newest(rows) : chosen && besides(rows, chosen, event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0);
    if (!next) return;
    event.preventDefault();
    model.follow(false);
    onChoose(next);
  };
  return html`<div class="log-box">
    <div class="log-scroll" ref=${box} tabindex="0" role="log" aria-live="off" aria-label=${label} onScroll=${onScroll} onKeyDown=${onKeyDown}>
      <div class="window" style=${{ height: `${rows.length * rowPx}px` }}>
        ${rows.slice(first, last).map((row, index) => html`<${LogLine} key=${first + index} row=${row} top=${(first + index) * rowPx} chosen=${chosen} onChoose=${onChoose} />`)}
      </div>
    </div>
    ${!following &&
    html`<div class="log-new"><${Button} kind="primary" icon="down" onClick=${() => model.follow(true)}>
      ${count > 0 ? plural(count, "new line") : "Go to the end"}
    <//></div>`}
    ${model.liveLine.value && html`<p class="log-live">${model.liveLine}</p>`}
  </div>`;
}

function entriesOf(rows: readonly LogRow[]): LogEntry[] {
  return rows.flatMap((row) => (row.kind === "entry" ? [row.entry] : []));
}

function newest(rows: readonly LogRow[]): LogEntry | null {
  return entriesOf(rows).at(-1) ?? null;
}

function besides(rows: readonly LogRow[], chosen: LogEntry, by: number): LogEntry | null {
  const entries = entriesOf(rows);
  const at = entries.findIndex(({ line }) => line === chosen.line);
  return by === 0 || at < 0 ? null : (entries[at + by] ?? null);
}

function LogLine({ row, top, chosen, onChoose }: { row: LogRow; top: number } & Pick<LogRowsProps, "chosen" | "onChoose">) {
  const style = { top: `${top}px` };
  if (row.kind === "gap") return html`<div class="log-line gap" style=${style}>${plural(row.lines, "line")} skipped</div>`;
  const { entry } = row;
  return html`<div class="log-line" data-level=${entry.level} data-chosen=${entry.line === chosen?.line ? "" : undefined} style=${style} onClick=${() => onChoose(entry)}>
    <time datetime=${entry.time}>${formatClock(Date.parse(entry.time), true)}</time>
    <span class="level">${entry.level}</span>
    <span class="message">${shortBars(messageOf(entry))}</span>
  </div>`;
}

/** A progress bar of a tool says its numbers; the bar itself, often wider than the screen, says nothing more. */
function shortBars(text: string): string {
  return text.replace(/\|[█▏▎▍▌▋▊▉#=\- ]{12,}\|/gu, "·");
}

/** An empty line of a tool stays empty. */
function messageOf({ message, event }: LogEntry): string {
  return message || (event === "tool.line" ? "" : event);
}

function lineText(row: LogRow): string {
  if (row.kind === "gap") return `… ${plural(row.lines, "line")} skipped`;
  return `${row.entry.time} ${row.entry.level.toUpperCase().padEnd(5)} ${messageOf(row.entry)}`;
}
