// Tables that fit the terminal. The host exports no table to plugins.

import { clean, cut, padded, widthOf } from "./text.js";

const GAP = "  ";
const LEAST_FLEXIBLE = 6;

/**
 * @typedef {object} Column
 * @property {string} title
 * @property {(row: object) => unknown} cell
 * @property {"left" | "right"} [align]
 * @property {boolean} [flexible] whether this column is shortened before the others
 */

/** Shortens the widest columns until a line has at most `room` characters. Long flexible columns come first. */
function shrink(widths, columns, room) {
  const isFirst = (at) => columns[at].flexible && widths[at] > LEAST_FLEXIBLE;
  const rank = (at) => (isFirst(at) ? 1e6 : 0) + widths[at];
  for (let excess = widths.reduce((sum, size) => sum + size) - room; excess > 0; excess -= 1) {
    const [widest] = [...widths.keys()].sort((one, other) => rank(other) - rank(one));
    widths[widest] -= 1;
  }
}

/**
 * @param {object[]} rows
 * @param {Column[]} columns
 * @param {ReturnType<typeof import("./text.js").styleFor>} style
 * @returns {string[]} lines of at most `style.width` characters; the first has the titles
 */
export function table(rows, columns, { width, paint }) {
  const titles = columns.map(({ title }) => title);
  const cells = [titles, ...rows.map((row) => columns.map(({ cell }) => clean(cell(row))))];
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => widthOf(line[at]))));
  shrink(widths, columns, width - GAP.length * (columns.length - 1));
  const [head, ...lines] = cells.map((texts) =>
    texts
      .map((text, at) => padded(cut(text, widths[at]), widths[at], columns[at].align))
      .join(GAP)
      .trimEnd(),
  );
  return [paint("bold", head), ...lines];
}

/** One line for each name and its value. Entries without a value are left out. */
export function pairs(entries, style) {
  const known = entries.filter(([, value]) => value !== null && value !== undefined);
  const columns = [
    { title: "", cell: ([name]) => name },
    { title: "", cell: ([, value]) => value, flexible: true },
  ];
  return table(known, columns, style).slice(1);
}
