// What the demo, the replay, the bench and the scripts print: nothing is wider than a terminal of 80 columns.

export const WIDTH = 80;
const GAP = "  ";

/** The parts of `text` between blanks, none of which is longer than `width`. */
const words = (text, width) =>
  text.split(" ").flatMap((word) => word.match(new RegExp(`.{1,${width}}`, "gu")) ?? [""]);

function wrapLine(line, width) {
  if (line.length <= width) return [line];
  const lines = [];
  for (const word of words(line, width)) {
    const longer = lines.length > 0 ? `${lines.at(-1)} ${word}` : word;
    if (lines.length > 0 && longer.length <= width) lines.splice(-1, 1, longer);
    else lines.push(word);
  }
  return lines;
}

/** `text` in lines that fit: it is broken between words, and a word that is too long is broken too. */
export const wrap = (text, width = WIDTH) =>
  text
    .split("\n")
    .flatMap((line) => wrapLine(line, width))
    .join("\n");

const longest = (texts) => Math.max(...texts.map((text) => text.length));

/**
 * How wide each column can be, so that all of them fit and no word is broken; `undefined` where that is
 * impossible.
 */
function widthsOf(columns) {
  const widths = columns.map(longest);
  const least = columns.map((cells) => longest(cells.flatMap((cell) => cell.split(" "))));
  const excess = () =>
    widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1)) - WIDTH;
  for (let left = excess(); left > 0; left -= 1) {
    const shrinkable = [...widths.keys()].filter((at) => widths[at] > least[at]);
    if (shrinkable.length === 0) return undefined;
    const widest = shrinkable.reduce((a, b) => (widths[b] > widths[a] ? b : a));
    widths[widest] -= 1;
  }
  return widths;
}

/** A table that has no room for its columns: a paragraph for each row, with a line for each cell. */
const paragraphs = (head, rows) =>
  rows
    .map(([first, ...cells]) =>
      [first, ...cells.map((cell, at) => cell && `  ${head[at + 1]}: ${cell}`)]
        .filter(Boolean)
        .map((line) => wrap(line))
        .join("\n"),
    )
    .join("\n\n");

/**
 * A table for a terminal. Long cells are broken into lines.
 *
 * @param {string[]} head
 * @param {unknown[][]} rows
 * @param {{ numbers?: boolean, paint?: (text: string, row: number, column: number) => string }} [options] `numbers`
 *   aligns all columns but the first to the right; row 0 of `paint` is the head
 */
export function terminalTable(head, rows, { numbers = false, paint = (text) => text } = {}) {
  const texts = [head, ...rows].map((row) => row.map(String));
  const widths = widthsOf(head.map((_, column) => texts.map((row) => row[column])));
  if (widths === undefined) return paragraphs(texts[0], texts.slice(1));
  const lines = texts.flatMap((cells, row) => {
    const broken = cells.map((cell, column) => wrapLine(cell, widths[column]));
    const height = Math.max(...broken.map((parts) => parts.length));
    return Array.from({ length: height }, (_, part) =>
      broken
        .map((parts, column) => {
          const text = parts[part] ?? "";
          const isRight = numbers && column > 0;
          const width = widths[column];
          return paint(isRight ? text.padStart(width) : text.padEnd(width), row, column);
        })
        .join(GAP)
        .trimEnd(),
    );
  });
  const headLines = Math.max(...texts[0].map((cell, at) => wrapLine(cell, widths[at]).length));
  const rule = widths.map((width) => "-".repeat(width)).join(GAP);
  return [...lines.slice(0, headLines), rule, ...lines.slice(headLines)].join("\n");
}
