// `node scripts/lines.mjs` counts the lines of product code, without tests, comments and blank lines, and lists the
// product files that are too long. In a long file comments count, because a reader reads them too.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { isMain, ROOT } from "./run.mjs";
import { terminalTable } from "./terminal.mjs";

/** The most lines that a part may have, and a file. */
const BUDGET = { "lib without command": 1250, all: 5200 };
const FILE_LIMIT = 250;

/** Each part's paths. A file belongs to the first part that has it. */
const PARTS = {
  core: /^src\/core\//,
  repo: /^src\/repo\//,
  binding: /^src\//,
  command: /^lib\/command\//,
  "lib without command": /^(lib\/|index\.js$)/,
};

/** Modules for tests end at the first brace in the first column. */
const TEST_MODULE = /^#\[cfg\(test\)\]\n(?:pub(?:\(\w+\))? )?mod \w+ \{\n[\s\S]*?^\}\n/gm;

/** The text of a source file without its Rust modules for tests. */
export const withoutTests = (text) => text.replaceAll("\r\n", "\n").replace(TEST_MODULE, "");

/** The number of lines of `text` that are neither blank nor a comment. */
export function codeLines(text) {
  const code = withoutTests(text).replace(/^\s*\/\*[\s\S]*?\*\/\s*$/gm, "");
  return code.split("\n").filter((line) => !/^\s*(\/\/.*)?$/.test(line)).length;
}

const allLines = (text) => withoutTests(text).trimEnd().split("\n").length;

/** The product's source files, by their path with slashes. */
export function productFiles() {
  const below = (directory) =>
    readdirSync(join(ROOT, directory), { withFileTypes: true }).flatMap((entry) => {
      const path = `${directory}/${entry.name}`;
      if (entry.isDirectory()) {
        return ["tests", "examples"].includes(entry.name) ? [] : below(path);
      }
      return /\.(js|rs)$/.test(entry.name) ? [path] : [];
    });
  return ["index.js", ...below("lib"), ...below("src")];
}

/** The report: a table of the parts, and the files that are too long. */
export function report() {
  const files = productFiles().map((path) => ({
    path,
    text: readFileSync(join(ROOT, path), "utf8"),
  }));
  const count = Object.fromEntries(Object.keys(PARTS).map((part) => [part, 0]));
  for (const { path, text } of files) {
    const [part] = Object.entries(PARTS).find(([, paths]) => paths.test(path));
    count[part] += codeLines(text);
  }
  count.all = Object.values(count).reduce((sum, lines) => sum + lines, 0);
  const rows = Object.entries(count).map(([part, lines]) => [part, lines, BUDGET[part] ?? ""]);
  const long = files
    .map(({ path, text }) => ({ path, lines: allLines(text) }))
    .filter(({ lines }) => lines > FILE_LIMIT)
    .sort((one, other) => other.lines - one.lines);
  const list = long.map(({ path, lines }) => `\n${path}: ${lines} lines`).join("");
  const head = long.length === 0 ? "no file has" : `${long.length} files have`;
  return `${terminalTable(["part", "lines", "at most"], rows, { numbers: true })}\n\n${head} more than ${FILE_LIMIT} lines${list}`;
}

if (isMain(import.meta.url)) {
  console.log(report());
}
