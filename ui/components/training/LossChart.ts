import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ReadonlySignal } from "@preact/signals";
import { useApp } from "../../models/app/AppModel.ts";
import { defaultSmoothing, smooth, trendOf, type Series } from "../../models/training/series.ts";
import { trainingText as text } from "../../text/training.ts";
import { Button } from "../kit/Button.ts";
import type { LossPlot } from "./loss-plot.ts";
import { Notice } from "../kit/Notice.ts";

const smoothingKey = "isengard.smoothing";
const tableRows = 25;
const jumps: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -50, PageDown: 50, Home: -Infinity, End: Infinity };

export interface LossChartProps {
  series: Series;
  /** Grows with every change of the series. */
  version: ReadonlySignal<number>;
  isRunning: boolean;
}

/** The curve of a run, with its meaning in words above it and its values as a table on demand. */
export function LossChart({ series, version, isRunning }: LossChartProps) {
  const count = (void version.value, series.xs.length);
  const [smoothing, setSmoothing] = useState<number | null>(() => savedSmoothing());
  const [logScale, setLogScale] = useState(false);
  const [table, setTable] = useState(false);
  const weight = smoothing ?? defaultSmoothing(count);
  const change = (value: number) => {
    setSmoothing(value);
    localStorage.setItem(smoothingKey, String(value));
  };
  if (count < 2) return html`<p class="hint">${isRunning ? text.lossWait : text.lossNone}</p>`;
  return html`<figure class="stack chart" aria-label="Training loss">
    <p class="num">${trendSentence(series, weight)}</p>
    <${Plot} series=${series} version=${version} smoothing=${weight} logScale=${logScale} />
    <div class="row wrap chart-tools">
      <label class="row grow smoothing">
        <span class="label">Smoothing</span>
        <input
          type="range" min="0" max="0.99" step="0.01"
          value=${weight}
          onInput=${(event: Event) => change(Number((event.target as HTMLInputElement).value))}
        />
        <output class="num small">${weight.toFixed(2)}</output>
      </label>
      <label class="check"><input type="checkbox" checked=${logScale} onChange=${() => setLogScale(!logScale)} />Log scale</label>
      <${Button} kind="quiet" expanded=${table} onClick=${() => setTable(!table)}>${table ? "Hide table" : "Show as table"}<//>
    </div>
    ${table && html`<${ValueTable} series=${series} weight=${weight} />`}
    <figcaption class="hint">${text.lossHelp}</figcaption>
  </figure>`;
}

function savedSmoothing(): number | null {
  const saved = Number(localStorage.getItem(smoothingKey) ?? Number.NaN);
  return saved >= 0 && saved < 1 ? saved : null;
}

export function trendSentence(series: Series, weight: number): string {
  const trend = trendOf(series, weight);
  if (!trend) return "";
  const now = `Loss ${trend.now.toFixed(3)} on average at step ${trend.step.toLocaleString("en")}`;
  if (!trend.before) return `${now}.`;
  const word = trend.now < trend.before.value * 0.98 ? "down" : trend.now > trend.before.value * 1.02 ? "up" : "";
  const steps = `${trend.before.steps.toLocaleString("en")} steps earlier`;
  return word === "" ? `${now}, about the same as ${steps}.` : `${now}, ${word} from ${trend.before.value.toFixed(3)}, ${steps}.`;
}

/** Loads the drawing code when there is something to draw. */
function Plot({ series, version, smoothing, logScale }: { series: Series; version: ReadonlySignal<number>; smoothing: number; logScale: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const said = useRef<HTMLParagraphElement>(null);
  const plot = useRef<LossPlot | null>(null);
  const [failed, setFailed] = useState(false);
  const look = useLook();
  useEffect(() => {
    let gone = false;
    const stops: Array<() => void> = [];
    const draw = async () => {
      const { createLossPlot, styled } = await import("./loss-plot.ts");
      await styled;
      if (gone || !box.current) return;
      const height = box.current.clientWidth < 480 ? 200 : 260;
      const made = createLossPlot({ box: box.current, series, smoothing, logScale, height });
      plot.current = made;
      stops.push(() => made.destroy(), version.subscribe(() => made.update()));
    };
    draw().catch(() => setFailed(true));
    return () => {
      gone = true;
      plot.current = null;
      for (const stop of stops.toReversed()) stop();
    };
  }, [series, logScale, look]);
  useEffect(() => plot.current?.setSmoothing(smoothing), [smoothing]);
  const onKeyDown = (event: KeyboardEvent) => {
    const jump = jumps[event.key];
    if (jump === undefined || !plot.current) return;
    event.preventDefault();
    if (said.current) said.current.textContent = plot.current.move(jump) ?? "";
  };
  if (failed) return html`<${Notice} tone="warn">The chart could not be loaded. The values are in the table. Reload the page to try again.<//>`;
  return html`
    <div class="plot" ref=${box} role="application" tabindex="0" aria-label="Loss chart. The arrow keys read single values." onKeyDown=${onKeyDown}></div>
    <p class="hint num" ref=${said} aria-live="polite"></p>
  `;
}

/** Changes with the colours of the page, which a canvas has to be told. */
function useLook(): string {
  const theme = useApp().preferences.theme.value;
  const [dark, setDark] = useState(() => matchMedia("(prefers-color-scheme: dark)").matches);
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const onChange = () => setDark(query.matches);
    query.addEventListener("change", onChange);
    return () => query.removeEventListener("change", onChange);
  }, []);
  return `${theme} ${dark}`;
}

function ValueTable({ series, weight }: { series: Series; weight: number }) {
  const smoothed = smooth(series.ys, weight);
  const from = Math.max(0, series.xs.length - tableRows);
  return html`<div class="scroll-x"><table class="table num">
    <caption class="hint">The newest ${series.xs.length - from} of ${series.xs.length.toLocaleString("en")} values</caption>
    <thead><tr><th scope="col">Step</th><th scope="col">Loss</th><th scope="col">Average</th></tr></thead>
    <tbody>
      ${series.xs.slice(from).toReversed().map((step) => {
        const at = series.xs.lastIndexOf(step);
        return html`<tr key=${step}>
          <th scope="row">${step.toLocaleString("en")}</th><td>${series.ys[at]!.toFixed(4)}</td><td>${smoothed[at]!.toFixed(4)}</td>
        </tr>`;
      })}
    </tbody>
  </table></div>`;
}
