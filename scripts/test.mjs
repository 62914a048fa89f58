// Everything that has to hold before a push: formatting, lints, the tests of the Rust core, and the
// JavaScript tests, the last of which run the real OpenClaw gateway. With `--install`, every way to
// install the package instead.

import { readdirSync } from "node:fs";
import { join } from "node:path";

import { ROOT, run } from "./run.mjs";
import { setup } from "./setup.mjs";
import { wrap } from "./terminal.mjs";

const testFiles = (directory) =>
  readdirSync(join(ROOT, directory))
    .filter((name) => name.endsWith(".test.mjs"))
    .map((name) => join(directory, name));

const nodeTest = (directory, ...options) => [
  process.execPath,
  ["--test", "--test-reporter=spec", ...options, ...testFiles(directory)],
];

const INSTALLATION = process.argv.includes("--install");

const STEPS = [
  ["formatting and lints", "npm", ["run", "lint"]],
  ["the Rust core", "cargo", ["test", "--workspace", "--locked"]],
  ["the plugin through its public register()", ...nodeTest("__test__")],
  // One file at a time: under more load than two cores bear, the host itself fails turns.
  ["the plugin on the real gateway", ...nodeTest("__test__/e2e", "--test-concurrency=1")],
];

const INSTALLATION_STEPS = [
  ["every way in, on the real gateway", ...nodeTest("__test__/install", "--test-concurrency=1")],
];

const SUMMARIES = [
  { passed: /^test result: .*?(\d+) passed/gm, failed: /^test result: .*?(\d+) failed/gm },
  { passed: /^ℹ pass (\d+)$/gm, failed: /^ℹ (?:fail|cancelled|skipped|todo) (\d+)$/gm },
];

const sum = (text, pattern) =>
  [...text.matchAll(pattern)].reduce((total, [, number]) => total + Number(number), 0);

await setup({ registry: INSTALLATION });

const total = { passed: 0, failed: 0 };
let broken = false;
for (const [what, command, args] of INSTALLATION ? INSTALLATION_STEPS : STEPS) {
  console.log(`\n=== ${what}`);
  let text;
  try {
    text = await run(command, args, { stdout: true });
  } catch (error) {
    // The command names every test file.
    console.log(wrap(error.message.replace(/(?: \S+\.test\.mjs)+/, " …")));
    broken = true;
    text = error.stdout ?? "";
  }
  for (const { passed, failed } of SUMMARIES) {
    total.passed += sum(text, passed);
    total.failed += sum(text, failed);
  }
}
// A step that broke without a failing test, such as a lint, counts as one.
if (broken && total.failed === 0) {
  total.failed = 1;
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
