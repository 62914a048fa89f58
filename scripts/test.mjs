// `npm test` runs lints and all tests except those of installation, which `npm run test:install` runs.
// `npm test -- unit gateway` runs two groups, and `npm run test:unit` one. `npm run ready` runs everything before a push.

import { readdirSync } from "node:fs";
import { join } from "node:path";

import { ROOT, run } from "./run.mjs";
import { setup } from "./setup.mjs";
import { wrap } from "./terminal.mjs";

/** These unit tests use real repositories. They wait for git, and for hints to become too old. */
const WITH_REPOSITORIES = [join("__test__", "hints.test.mjs")];

const testFiles = (directory) =>
  readdirSync(join(ROOT, directory))
    .filter((name) => name.endsWith(".test.mjs"))
    .map((name) => join(directory, name));

const node = (files, ...options) => [
  process.execPath,
  ["--test", "--test-reporter=spec", ...options, ...files],
];
// Under more load than two cores bear, the host itself fails turns.
const oneAtATime = (directory) => node(testFiles(directory), "--test-concurrency=1");
const cargo = (...options) => ["cargo", ["test", "--locked", ...options]];
const REPO = "taas-affinity-repo";

/** The steps of each group. `npm test` runs the groups in this order, except `install`. */
const GROUPS = {
  lint: [
    ["formatting and lints", "npm", ["run", "lint"]],
    ["lints of the workflows", ...node(testFiles(join("__test__", "lint")))],
  ],
  unit: [
    ["unit tests in Rust", ...cargo("--workspace", "--exclude", REPO)],
    ["unit tests of the Rust crate that asks git", ...cargo("-p", REPO, "--lib")],
    [
      "unit tests in JavaScript",
      ...node(testFiles("__test__").filter((file) => !WITH_REPOSITORIES.includes(file))),
    ],
  ],
  repositories: [
    ["real repositories in Rust", ...cargo("-p", REPO, "--test", "*")],
    ["real repositories in JavaScript", ...node(WITH_REPOSITORIES)],
  ],
  gateway: [["the plugin on the real gateway", ...oneAtATime(join("__test__", "e2e"))]],
  install: [
    ["every way to install, on the real gateway", ...oneAtATime(join("__test__", "install"))],
  ],
};

const SUMMARIES = [
  { passed: /^test result: .*?(\d+) passed/gm, failed: /^test result: .*?(\d+) failed/gm },
  { passed: /^ℹ pass (\d+)$/gm, failed: /^ℹ (?:fail|cancelled|skipped|todo) (\d+)$/gm },
];

const sum = (text, pattern) =>
  [...text.matchAll(pattern)].reduce((total, [, number]) => total + Number(number), 0);

const everything = Object.keys(GROUPS).filter((name) => name !== "install");
const given = process.argv.slice(2);
const unknown = given.find((name) => !Object.hasOwn(GROUPS, name));
if (unknown !== undefined) {
  console.error(`npm test: there is no group "${unknown}"; use ${Object.keys(GROUPS).join(", ")}`);
  process.exit(2);
}
const groups = given.length > 0 ? given : everything;

const install = groups.includes("install");
await setup({
  host: install || groups.includes("gateway"),
  registry: install,
  rustTests: groups.includes("unit") || groups.includes("repositories"),
});

const total = { passed: 0, failed: 0 };
let broken = false;
for (const [title, command, args] of groups.flatMap((name) => GROUPS[name])) {
  console.log(`\n=== ${title}`);
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
// A step that failed without a failing test, such as a lint, counts as one failure.
if (broken && total.failed === 0) {
  total.failed = 1;
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
