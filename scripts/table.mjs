/**
 * A table, its columns aligned: as Markdown has it, or drawn for a terminal.
 *
 * @param {string[]} head
 * @param {unknown[][]} rows
 * @param {{ numbers?: boolean, box?: boolean }} [options] `numbers` aligns all columns but the first to
 *   the right, `box` draws the lines
 */
export function table(head, rows, { numbers = false, box = false } = {}) {
  const texts = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(3, ...texts.map((row) => row[column].length)));
  const side = box ? "│" : "|";
  const [top, ...lines] = texts.map((row) => {
    const cells = row.map((text, column) =>
      numbers && column > 0 ? text.padStart(widths[column]) : text.padEnd(widths[column]),
    );
    return `${side} ${cells.join(` ${side} `)} ${side}`;
  });
  if (box) {
    const rule = (left, middle, right) =>
      left + widths.map((width) => "─".repeat(width + 2)).join(middle) + right;
    return [rule("┌", "┬", "┐"), top, rule("├", "┼", "┤"), ...lines, rule("└", "┴", "┘")].join(
      "\n",
    );
  }
  const rules = widths.map((width, column) =>
    numbers && column > 0 ? `${"-".repeat(width - 1)}:` : "-".repeat(width),
  );
  return [top, `| ${rules.join(" | ")} |`, ...lines].join("\n");
}
