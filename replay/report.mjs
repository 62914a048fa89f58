// What a replay says: a table for each number of slots and each time for which caches are kept.

import { table } from "../scripts/table.mjs";
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
    `Median of ${seeds} seeds (and the range). Cost is relative to no caching at all, with a cached ` +
      `token at ${CACHED_TOKEN_PRICE} of the price.`,
  ];
  if (!plugin) lines.push("The plugin is left out.");
  for (const keep of distinct(rows, "keepSeconds")) {
    for (const slots of distinct(rows, "slots")) {
      const chosen = rows.filter((row) => row.keepSeconds === keep && row.slots === slots);
      const cells = chosen.map((row) => [
        titleOf(row.way),
        ...COLUMNS.map(([, cell]) => cell(row)),
      ]);
      lines.push("", `${slots} slots, caches kept for ${keptFor(keep)}`, "");
      lines.push(table(["", ...COLUMNS.map(([head]) => head)], cells));
    }
  }
  return lines.join("\n");
}

const SUMMARY = ["drawn", "guessed", "recognised", "workspace-4", "conversation"];

/** The README's table: hit rate and cost of the ways that matter most, medians. */
export function summary({ rows }) {
  const cell = ({ hitRate, cost }) =>
    `${(hitRate.median * 100).toFixed(1)} · ${(cost.median * 100).toFixed(1)} %`;
  const places = distinct(rows, "keepSeconds").flatMap((keep) =>
    distinct(rows, "slots").map((slots) => ({ keep, slots })),
  );
  return table(
    ["caches kept", "slots", ...SUMMARY.map(titleOf)],
    places.map(({ keep, slots }) => [
      keptFor(keep),
      String(slots),
      ...SUMMARY.map((way) =>
        cell(
          rows.find((row) => row.keepSeconds === keep && row.slots === slots && row.way === way),
        ),
      ),
    ]),
  );
}
