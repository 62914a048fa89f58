// The report of a replay: a table for each number of slots and each cache lifetime.

import { table } from "../scripts/table.mjs";
import { terminalTable, wrap } from "../scripts/terminal.mjs";
import { CACHED_TOKEN_PRICE, percentRange } from "../sim/figures.mjs";
import { WAYS } from "./run.mjs";

const share = ({ median, min, max }) => percentRange(median, min, max);
const factor = ({ median, min, max }) =>
  `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;

const COLUMNS = [
  ["hit rate", ({ hitRate }) => share(hitRate)],
  ["cost", ({ cost }) => share(cost)],
  ["hit rate of first requests", ({ firstHitRate }) => share(firstHitRate)],
  ["load, largest slot over mean", ({ load }) => factor(load)],
];

const titleOf = (key) => WAYS.find((way) => way.key === key).title;

export const keptFor = (seconds) => (seconds === 3600 ? "an hour" : `${seconds / 60} minutes`);

const distinct = (rows, field) => [...new Set(rows.map((row) => row[field]))];

export function report({ source, seeds, plugin, rows }) {
  const lines = [
    `${source.file}: ${source.sessions} sessions, ${source.requests.toLocaleString("en-US")} requests, ` +
      `${source.inputTokens.toLocaleString("en-US")} input tokens`,
    `Median of ${seeds} seeds (and the range). Cost is a share of the cost without caching; a cached ` +
      `token costs ${CACHED_TOKEN_PRICE} of the price of another input token.`,
  ];
  if (!plugin) lines.push("This run is without the plugin.");
  for (const keep of distinct(rows, "keepSeconds")) {
    for (const slots of distinct(rows, "slots")) {
      const chosen = rows.filter((row) => row.keepSeconds === keep && row.slots === slots);
      const cells = chosen.map((row) => [
        titleOf(row.way),
        ...COLUMNS.map(([, cell]) => cell(row)),
      ]);
      lines.push("", `${slots} slots, caches kept for ${keptFor(keep)}`, "");
      lines.push(terminalTable(["", ...COLUMNS.map(([head]) => head)], cells));
    }
  }
  return wrap(lines.join("\n"));
}

const percents = (...values) =>
  [...new Set(values.map((value) => (value * 100).toFixed(1)))].join("–");

/** The columns of the summary, with the ways in each. Two ways are the ends of a range. */
const SUMMARY = [
  ["without, random slots", ["drawn"]],
  ["without, slots guessed", ["guessed", "recognised"]],
  ["with, by workspace, 4 agents", ["workspace-4"]],
  ["with, by conversation", ["conversation"]],
];

/** The summary for the documentation: the medians of hit rate and cost. */
export function summary({ rows }) {
  const places = distinct(rows, "keepSeconds").flatMap((keep) =>
    distinct(rows, "slots").map((slots) => ({ keep, slots })),
  );
  const cell = ({ keep, slots }, ways) => {
    const found = ways.map((way) =>
      rows.find((row) => row.keepSeconds === keep && row.slots === slots && row.way === way),
    );
    const [hitRate, cost] = ["hitRate", "cost"].map((field) =>
      percents(...found.map((row) => row[field].median)),
    );
    return `${hitRate} · ${cost} %`;
  };
  return table(
    ["kept", "slots", ...SUMMARY.map(([head]) => head)],
    places.map((place) => [
      keptFor(place.keep),
      place.slots,
      ...SUMMARY.map(([, ways]) => cell(place, ways)),
    ]),
  );
}

/** The rows that the documents speak of: eight slots, caches kept for five minutes. */
const usual = ({ rows }, key) =>
  rows.find(({ way, slots, keepSeconds }) => way === key && slots === 8 && keepSeconds === 300);

const whole = (value) => `${Math.round(value * 100)} %`;

/** The README's figure. */
function worth(result) {
  const [plugin, best, worst] = ["conversation", "recognised", "drawn"].map((key) =>
    whole(usual(result, key).cost.median),
  );
  return (
    `In a [replay](docs/replay.md) of ${result.source.sessions} recorded conversations against a simulated TaaS with 8 slots, ` +
    `prompts cost **${plugin}** of the full price with the plugin. Without it, they cost ${best} if TaaS recognises ` +
    `every conversation by itself, and **${worst}** if TaaS picks slots at random. How your TaaS picks slots decides ` +
    "what you save."
  );
}

/** The table of docs/status.md: both settings of `affinity`. */
function comparison(result) {
  const cells = (cell) => ["workspace-4", "conversation"].map((key) => cell(usual(result, key)));
  const percentOf = (field) => cells((row) => `${(row[field].median * 100).toFixed(1)} %`);
  return table(
    ["", "by workspace", "by conversation"],
    [
      ["hit rate", ...percentOf("hitRate")],
      ["hit rate of a conversation's first call", ...percentOf("firstHitRate")],
      ["load, largest slot over mean", ...cells(({ load }) => load.median.toFixed(2))],
    ],
  );
}

/** What each document says of a run, by the document. */
export const FIGURES = {
  "README.md": worth,
  "docs/replay.md": summary,
  "docs/status.md": comparison,
};
