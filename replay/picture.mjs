// The README's picture, light and dark, from the figures in docs/replay.json:
// docs/replay-light.svg and docs/replay-dark.svg. `npm run replay:picture` writes them, and the figures
// of the documents.

import { readFileSync, writeFileSync } from "node:fs";

import { parse, resetSVGDefIds, textMetrics, View } from "vega";
import { compile } from "vega-lite";

import { writeInto } from "../scripts/document.mjs";
import { isMain } from "../scripts/run.mjs";
import { FIGURES, keptFor } from "./report.mjs";

const DOCS = new URL("../docs/", import.meta.url);

const THEMES = {
  light: {
    background: "#ffffff",
    text: "#1f2328",
    muted: "#59636e",
    grid: "#d1d9e0",
    colors: ["#0969da", "#9a6700", "#cf222e"],
  },
  dark: {
    background: "#0d1117",
    text: "#f0f6fc",
    muted: "#9198a1",
    grid: "#3d444d",
    colors: ["#58a6ff", "#e3b341", "#ff7b72"],
  },
};

const [PLUGIN, GUESSED, DRAWN] = [
  "with the plugin",
  "without, slots guessed",
  "without, random slots",
];
const METRICS = [
  { field: "hitRate", title: "hit rate (% of input tokens)" },
  { field: "cost", title: "cost of input (% of no caching)" },
];

const PANEL = { width: 190, height: 170 };
/** Room for the labels of the lines, right of a panel. */
const LABEL_ROOM = 178;
/** Room for the axis, left of a panel. */
const AXIS_ROOM = 36;

const ROW_GAP = 40;
const SIZE = {
  width: 2 * PANEL.width + LABEL_ROOM + AXIS_ROOM,
  height: METRICS.length * PANEL.height + ROW_GAP,
};

/**
 * The points of one panel, in percent: a line for the plugin, a line for drawn slots, and an area from `value` to `best`
 * for the guess.
 */
function points({ rows }, field, keepSeconds) {
  const kept = rows.filter((row) => row.keepSeconds === keepSeconds);
  const most = Math.max(...kept.map(({ slots }) => slots));
  const of = (way) =>
    kept
      .filter((row) => row.way === way)
      .map((row) => ({ slots: row.slots, value: row[field].median * 100 }));
  const best = of("recognised");
  const named = (way, list) =>
    list.map((point) => {
      const figures = [point.value, point.best ?? point.value].sort((one, other) => one - other);
      const [low, high] = figures.map((figure) => figure.toFixed(0));
      const label = `${low === high ? low : `${low}–${high}`} % ${way}`;
      return { way, ...point, ...(point.slots === most && { label }) };
    });
  return [
    ...named(
      GUESSED,
      of("guessed").map((point, index) => ({ ...point, best: best[index].value })),
    ),
    ...named(DRAWN, of("drawn")),
    ...named(PLUGIN, of("conversation")),
  ];
}

/** A text mark with a fixed place. A vega title would move with the estimated size of the axes. */
const heading = (text) => ({
  data: { values: [{}] },
  mark: { type: "text", style: "heading", text, x: 0, y: -20, align: "left" },
});

function panel(result, { field, title }, keepSeconds, { isFirst, isTop, isLast }) {
  const x = {
    field: "slots",
    type: "ordinal",
    scale: { type: "point", padding: 0.2 },
    axis: { title: isLast ? "upstream slots" : null, labelAngle: 0 },
  };
  const y = {
    field: "value",
    type: "quantitative",
    scale: { domain: [0, 100] },
    axis: { title: isFirst ? title : null, values: [0, 25, 50, 75, 100] },
  };
  const color = {
    field: "way",
    type: "nominal",
    scale: { domain: [PLUGIN, GUESSED, DRAWN] },
    legend: null,
  };
  return {
    ...PANEL,
    data: { values: points(result, field, keepSeconds) },
    layer: [
      {
        transform: [{ filter: "isValid(datum.best)" }],
        mark: { type: "area", opacity: 0.3 },
        encoding: { x, y, y2: { field: "best" }, color },
      },
      {
        mark: { type: "line", strokeWidth: 2.5, point: { size: 40, filled: true } },
        encoding: { x, y, color },
      },
      {
        transform: [{ filter: "isValid(datum.label)" }],
        mark: { type: "text", align: "left", dx: 9, fontSize: 11 },
        encoding: { x, y, color, text: { field: "label" } },
      },
      ...(isTop ? [heading(`caches kept for ${keptFor(keepSeconds)}`)] : []),
    ],
  };
}

/** The picture as a vega-lite specification. */
export function specification(result, theme) {
  const { background, text, muted, grid, colors } = THEMES[theme];
  const times = [...new Set(result.rows.map((row) => row.keepSeconds))];
  return {
    background,
    // Fixed room for axes and labels, because measured text depends on the installed fonts.
    autosize: "none",
    padding: { left: AXIS_ROOM + 20, top: 40, right: LABEL_ROOM, bottom: 44 },
    bounds: "flush",
    columns: times.length,
    spacing: { row: ROW_GAP, column: LABEL_ROOM + AXIS_ROOM },
    concat: METRICS.flatMap((metric, row) =>
      times.map((keepSeconds, column) =>
        panel(result, metric, keepSeconds, {
          isFirst: column === 0,
          isTop: row === 0,
          isLast: row === METRICS.length - 1,
        }),
      ),
    ),
    config: {
      font: "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif",
      view: { stroke: null },
      range: { category: colors },
      text: { color: text },
      style: { heading: { fontSize: 13, fontWeight: 600 } },
      axis: {
        labelColor: muted,
        titleColor: text,
        labelFontSize: 11,
        titleFontSize: 12,
        titleFontWeight: "normal",
        gridColor: grid,
        domainColor: grid,
        tickColor: grid,
      },
      axisX: { grid: false },
    },
  };
}

/** The picture as SVG. Equal results give equal bytes. */
export async function draw(result, theme) {
  // Vega estimates text widths. A canvas, if installed, would measure with the machine's fonts.
  textMetrics.canvas(false);
  resetSVGDefIds();
  const { spec } = compile(specification(result, theme));
  const view = new View(parse({ ...spec, ...SIZE }), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}

if (isMain(import.meta.url)) {
  const result = JSON.parse(readFileSync(new URL("replay.json", DOCS), "utf8"));
  for (const theme of Object.keys(THEMES)) {
    writeFileSync(new URL(`replay-${theme}.svg`, DOCS), await draw(result, theme));
  }
  for (const [name, figures] of Object.entries(FIGURES)) {
    const text = figures(result);
    writeInto(name, "replay:picture", text.startsWith("|") ? `\n${text}\n` : text);
  }
}
