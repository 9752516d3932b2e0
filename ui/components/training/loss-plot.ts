import uPlot from "uplot";
import { smooth, thin, type Series } from "../../models/training/series.ts";

export interface LossPlot {
  /** Draws the series as it is now, at most a few times a second however often it is called. */
  update(): void;
  setSmoothing(weight: number): void;
  /** Moves the cursor by points; answers with the words for the point, or null without one. */
  move(by: number): string | null;
  destroy(): void;
}

export interface LossPlotOptions {
  box: HTMLElement;
  series: Series;
  smoothing: number;
  logScale: boolean;
  height: number;
}

const redrawMs = 250;
const smallestLog = 1e-6;

/** The plot's own sheet, fetched with this code; nothing is drawn before it is there. */
export const styled = new Promise<void>((resolve) => {
  const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: "/static/plot.css" });
  // Without it the values are still drawn; only the legend lies elsewhere.
  sheet.onload = sheet.onerror = () => resolve();
  document.head.append(sheet);
});

/** Rebuild it when the theme or the scale changes; everything else is an update. */
export function createLossPlot({ box, series, smoothing, logScale, height }: LossPlotOptions): LossPlot {
  let weight = smoothing;
  let frame = 0;
  let drawnAt = 0;
  let zoomed = false;

  const data = (): uPlot.AlignedData => {
    const smoothed = smooth(series.ys, weight);
    const kept = thin(series.ys);
    return [kept.map((at) => series.xs[at]!), kept.map((at) => series.ys[at]!), kept.map((at) => smoothed[at]!)];
  };
  const plot = new uPlot({ ...optionsOf(logScale), width: Math.max(200, box.clientWidth), height, hooks: { setScale: [onScale] } }, data(), box);
  plot.root.querySelector(".u-legend")?.setAttribute("aria-hidden", "true");

  function onScale(self: uPlot, key: string): void {
    if (key !== "x" || series.xs.length === 0) return;
    zoomed = (self.scales["x"]?.min ?? 0) > series.xs[0]! || (self.scales["x"]?.max ?? 0) < series.xs.at(-1)!;
  }
  const draw = (now: number) => {
    frame = 0;
    if (now - drawnAt < redrawMs) {
      frame = requestAnimationFrame(draw);
      return;
    }
    drawnAt = now;
    plot.setData(data(), !zoomed);
    if (zoomed) plot.redraw();
  };
  const update = () => {
    if (!document.hidden) frame ||= requestAnimationFrame(draw);
  };
  const size = new ResizeObserver(() => plot.setSize({ width: Math.max(200, box.clientWidth), height }));
  size.observe(box);
  document.addEventListener("visibilitychange", update);

  return {
    update,
    setSmoothing(next) {
      weight = next;
      drawnAt = 0;
      update();
    },
    move(by) {
      const [xs, ys, smoothed] = plot.data as [number[], number[], number[]];
      if (xs.length === 0) return null;
      const at = Math.max(0, Math.min(xs.length - 1, (plot.cursor.idx ?? xs.length - 1) + by));
      plot.setCursor({ left: plot.valToPos(xs[at]!, "x"), top: 10 });
      return `Step ${xs[at]!.toLocaleString("en")}, loss ${ys[at]!.toFixed(4)}, average ${smoothed[at]!.toFixed(4)}`;
    },
    destroy() {
      cancelAnimationFrame(frame);
      size.disconnect();
      document.removeEventListener("visibilitychange", update);
      plot.destroy();
    },
  };
}

function optionsOf(logScale: boolean): Omit<uPlot.Options, "width" | "height"> {
  const line = colourOf("--s1");
  const axis = { stroke: colourOf("--text-2"), grid: { stroke: colourOf("--line"), width: 1 }, ticks: { stroke: colourOf("--line"), width: 1 } };
  const number = (_: uPlot, value: number | null) => (value === null ? "–" : value.toFixed(4));
  return {
    cursor: { drag: { x: true, y: false } },
    legend: { live: true },
    // A raw log range hangs the tab (uPlot 1.6.32); rangeLog widens it to whole powers of ten.
    scales: { x: { time: false }, y: logScale ? { distr: 3, range: (_, low, high) => safeLogRange(low, high) } : {} },
    series: [
      { label: "Step" },
      { label: "Loss", stroke: line, alpha: 0.35, width: 1, points: { show: false }, value: number },
      { label: "Average", stroke: line, width: 2, points: { show: false }, value: number },
    ],
    axes: [{ ...axis }, { ...axis, size: 56 }],
  };
}

function safeLogRange(low: number | null, high: number | null): uPlot.Range.MinMax {
  if (low === null || high === null || !(high > 0)) return [0.001, 1];
  return uPlot.rangeLog(Math.max(low, smallestLog), high, 10, false);
}

/** A canvas cannot read `var()` or `light-dark()`; a probe element resolves them. */
function colourOf(token: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
