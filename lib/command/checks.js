// Prints the doctor's checks.

import { count, counted } from "./numbers.js";
import { clean, cut, padded, wrapped } from "./text.js";

const COLOURS = { ok: "green", warning: "yellow", fault: "red" };
const LEVEL_WIDTH = "warning".length;
const INDENT = " ".repeat(LEVEL_WIDTH + 2);

/** The level and id of a check, then its evidence, then its advice if there is any. */
export function checkLines({ id, level, evidence, advice }, { width, paint }) {
  const word = clean(level);
  const mark = paint(COLOURS[word] ?? "yellow", padded(word, LEVEL_WIDTH));
  return [
    `${mark}  ${paint("bold", cut(clean(id), width - INDENT.length))}`,
    ...wrapped(clean(evidence), width, INDENT),
    ...(advice ? wrapped(`To do: ${clean(advice)}.`.replace(/\.\.$/, "."), width, INDENT) : []),
  ];
}

/** `12 ok, 1 warning`: the number of checks of each level. */
export function summary(checks) {
  const all = checks.map(({ level }) => clean(level));
  const levels = [...new Set(all)].map((level) => {
    const number = all.filter((each) => each === level).length;
    return level === "ok" ? `${count(number)} ok` : counted(number, level);
  });
  return levels.join(", ");
}
