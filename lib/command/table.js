// Tables that fit the terminal. The host exports no table to plugins.

import { clean, cut, padded, widthOf } from "./text.js";

const GAP = "  ";
const LEAST_FLEXIBLE = 6;
const LEAST = 3;

/**
 * @typedef {object} Column
 * @property {string} title
 * @property {(row: object) => unknown} cell
 * @property {"left" | "right"} [align]
 * @property {boolean} [flexible] whether this column is shortened before the others
 */

/** Shortens the widest of `columns` again and again, until `excess` is gone or all are `least` wide. */
function shrink(widths, columns, least, excess) {
  for (let left = excess; left > 0; left -= 1) {
    const widest = columns.reduce((a, b) => (widths[b] > widths[a] ? b : a), columns[0]);
    if (widest === undefined || widths[widest] <= least) {
      return;
    }
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
  const cells = rows.map((row) => columns.map(({ cell }) => clean(cell(row))));
  const titles = columns.map(({ title }) => title);
  const widths = columns.map((_, at) =>
    Math.max(...[titles, ...cells].map((line) => widthOf(line[at]))),
  );
  const all = [...columns.keys()];
  const excess = () =>
    widths.reduce((sum, size) => sum + size, GAP.length * (columns.length - 1)) - width;
  shrink(
    widths,
    all.filter((at) => columns[at].flexible),
    LEAST_FLEXIBLE,
    excess(),
  );
  shrink(widths, all, LEAST, excess());
  const line = (texts) =>
    texts
      .map((text, at) => padded(cut(text, widths[at]), widths[at], columns[at].align))
      .join(GAP)
      .trimEnd();
  return [paint("bold", line(titles)), ...cells.map(line)];
}

/** One line for each name and its value. Entries without a value are left out. */
export function pairs(entries, { width, paint }) {
  const known = entries.filter(([, value]) => value !== null && value !== undefined);
  const size = Math.max(...known.map(([name]) => widthOf(name)));
  return known.map(
    ([name, value]) =>
      `${paint("dim", padded(name, size))}  ${cut(clean(value), width - size - GAP.length)}`,
  );
}
