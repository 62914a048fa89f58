/**
 * A table as Markdown has it, its columns aligned. `terminal.mjs` has the one for a terminal.
 *
 * @param {string[]} head
 * @param {unknown[][]} rows
 * @param {{ numbers?: boolean }} [options] `numbers` aligns all columns but the first to the right
 */
export function table(head, rows, { numbers = false } = {}) {
  const texts = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(3, ...texts.map((row) => row[column].length)));
  const [top, ...lines] = texts.map((row) => {
    const cells = row.map((text, column) =>
      numbers && column > 0 ? text.padStart(widths[column]) : text.padEnd(widths[column]),
    );
    return `| ${cells.join(" | ")} |`;
  });
  const rules = widths.map((width, column) =>
    numbers && column > 0 ? `${"-".repeat(width - 1)}:` : "-".repeat(width),
  );
  return [top, `| ${rules.join(" | ")} |`, ...lines].join("\n");
}
