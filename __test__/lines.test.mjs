// The count of product code.

import assert from "node:assert/strict";
import { test } from "node:test";

import { codeLines, productFiles, report, withoutTests } from "../scripts/lines.mjs";

const RUST = `//! A crate.

/// Adds.
fn add() {
    // One line.
    let url = "http://taas";
}

#[cfg(test)]
pub(crate) mod fake {
    fn other() {}
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_adds() {}
}
`;

test("the count leaves out comments, blank lines and Rust modules for tests", () => {
  assert.equal(codeLines(RUST), 3);
  assert.equal(codeLines(RUST.replaceAll("\n", "\r\n")), 3);
  assert.equal(
    codeLines("/**\n * Says more.\n */\nconst a = 1;\n\n/* One line. */\nf(a); // here\n"),
    2,
  );
});

test("the length of a file includes comments and leaves out Rust modules for tests", () => {
  assert.equal(withoutTests(RUST).trimEnd().split("\n").length, 7);
});

test("the count covers product files and leaves out the tests of the Rust crates", () => {
  const files = productFiles();
  for (const path of ["index.js", "lib/methods.js", "src/lib.rs", "src/repo/lib.rs"]) {
    assert.ok(files.includes(path), path);
  }
  assert.deepEqual(
    files.filter((path) => /tests|examples/.test(path)),
    [],
  );
});

test("the report shows the lines of each part beside the budget", () => {
  for (const row of [/^lib without command +\d+ +1250$/m, /^all +\d+ +5200$/m, /^core +\d+$/m]) {
    assert.match(report(), row);
  }
});
