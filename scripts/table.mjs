/** Prints a table as Markdown has it, its columns aligned. */
export function printTable(head, rows) {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column].length)),
  );
  const line = (cells, fill = " ") =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column], fill)).join(" | ")} |`;
  const lines = [
    line(head),
    line(
      widths.map(() => ""),
      "-",
    ),
    ...rows.map((row) => line(row)),
  ];
  console.log(`\n${lines.join("\n")}`);
}
