// What the workflows may do, and that they run the same commands as `npm run ready`.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { platforms, readJson } from "../scripts/platforms.mjs";
import { STEPS } from "../scripts/ready.mjs";
import { ROOT } from "./support/plugin.mjs";

const DIRECTORY = join(ROOT, ".github", "workflows");
const names = readdirSync(DIRECTORY);
const text = (name) => readFileSync(join(DIRECTORY, name), "utf8");

for (const name of names) {
  test(`${name} pins each action by commit and states every permission`, () => {
    const actions = [...text(name).matchAll(/^.*\buses: *(.*)$/gm)].map(([, action]) => action);
    assert.ok(actions.length > 0);
    for (const action of actions) {
      assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
    assert.match(text(name), /^permissions: \{\}$/m);
    assert.doesNotMatch(text(name), /pull_request_target/);
  });
}

test("a workflow that runs for pull requests can read no secret", () => {
  for (const name of names.filter((name) => /^ {2}pull_request:/m.test(text(name)))) {
    assert.doesNotMatch(text(name), /secrets\.|id-token|: write/);
  }
});

/** Installs the browser that the tests of this version of Playwright start. */
const { "playwright-core": PLAYWRIGHT } = readJson(join(ROOT, "package.json")).devDependencies;
const BROWSER = `npx --yes playwright-core@${PLAYWRIGHT} install`;

test("npm run ready runs every command that CI runs", () => {
  // The hosts are a matrix in CI.
  const commands = [...text("ci.yml").matchAll(/\brun: (.*)$/gm)].map(([, command]) =>
    command.replace(/(test:hosts -- ).*/, "$1HOSTS"),
  );
  const inCi = STEPS.map(({ command }) => command.replace(/(test:hosts -- ).*/, "$1HOSTS"));
  const tools = ["rustup toolchain install", ".ci/tools", BROWSER];
  const own = commands.filter((command) => !tools.some((tool) => command.startsWith(tool)));
  assert.deepEqual([...new Set(own)].sort(), inCi.sort());
});

test("the release workflow builds and tests every platform", () => {
  const release = text("release.yml");
  for (const { target } of platforms(readJson(join(ROOT, "package.json")))) {
    const mentions = [...release.matchAll(new RegExp(`target: ${target} \\}`, "g"))];
    assert.equal(mentions.length, 2, `${target}: once built and once tested`);
  }
});
