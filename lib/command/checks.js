// What was looked at, what was found, and what to do: the doctor's rows.

import { count, counted } from "./numbers.js";
import { clean, cut, padded, wrapped } from "./text.js";

const COLOURS = { ok: "green", warning: "yellow", fault: "red" };
const LEVEL_WIDTH = "warning".length;
const INDENT = " ".repeat(LEVEL_WIDTH + 2);

/** A check: its level and id, the evidence below, and what to do where it is not ok. */
export function checkLines({ id, level, evidence, advice }, { width, paint }) {
  const shown = clean(level);
  const mark = paint(COLOURS[shown] ?? "yellow", padded(shown, LEVEL_WIDTH));
  return [
    `${mark}  ${paint("bold", cut(clean(id), width - INDENT.length))}`,
    ...wrapped(clean(evidence), width, INDENT),
    ...(advice ? wrapped(`To do: ${clean(advice)}.`.replace(/\.\.$/, "."), width, INDENT) : []),
  ];
}

/** What `status` says of them: nothing where there are none. */
export function warningLines(warnings, style) {
  if (!(warnings?.length > 0)) {
    return [];
  }
  return ["", ...warnings.flatMap((check) => checkLines(check, style))];
}

/** `12 ok, 1 warning`; levels that there are none of are left out. */
export function summary(checks) {
  const counts = new Map();
  for (const { level } of checks) {
    counts.set(clean(level), (counts.get(clean(level)) ?? 0) + 1);
  }
  return [...counts]
    .map(([level, rows]) => (level === "ok" ? `${count(rows)} ok` : counted(rows, level)))
    .join(", ");
}
