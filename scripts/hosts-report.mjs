// What `npm run test:hosts` found, as a table with notes.

import { table } from "./table.mjs";
import { terminalTable, wrap } from "./terminal.mjs";

/**
 * @param {string[]} versions of OpenClaw, a column each
 * @param {string[][]} rows what was tested, and what came of it on each of them
 * @param {string[]} notes
 * @param {boolean} markdown whether it is for docs/hosts.md
 */
export function hostsReport(versions, rows, notes, markdown) {
  const draw = markdown ? table : terminalTable;
  // A terminal has no room for six of them, unless each can be broken after the year.
  const title = (version) => (markdown ? version : version.replace(".", ". "));
  const found = draw(["OpenClaw", ...versions.map(title)], rows);
  const list = notes.map((note, index) => `${index + 1}. ${note}`);
  return [found, "", ...(markdown ? list : list.map((line) => wrap(line)))].join("\n");
}
