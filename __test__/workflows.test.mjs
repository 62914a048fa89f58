// The workflows that test and release: they are well formed, and run nothing that is not pinned.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { actionlint } from "../scripts/actionlint.mjs";
import { platforms, readJson } from "../scripts/platforms.mjs";
import { STEPS } from "../scripts/ready.mjs";
import { ROOT } from "./support/plugin.mjs";

const DIRECTORY = join(ROOT, ".github", "workflows");
const names = readdirSync(DIRECTORY);
const text = (name) => readFileSync(join(DIRECTORY, name), "utf8");

test("actionlint finds nothing", async () => {
  assert.equal(await actionlint(names.map((name) => join(DIRECTORY, name))), "");
});

test("actionlint finds what is wrong", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "taas-affinity-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const broken = join(directory, "broken.yml");
  writeFileSync(broken, text("ci.yml").replace("matrix.node }}", "matrix.nothing }}"));
  assert.match(await actionlint([broken]), /property "nothing" is not defined/);
});

for (const name of names) {
  test(`${name}: actions are pinned by commit, and nothing is permitted that is not said`, () => {
    const actions = [...text(name).matchAll(/^.*\buses: *(.*)$/gm)].map(([, action]) => action);
    assert.ok(actions.length > 0);
    for (const action of actions) {
      assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
    assert.match(text(name), /^permissions: \{\}$/m);
    assert.doesNotMatch(text(name), /pull_request_target/);
  });
}

test("a pull request's run sees no secret", () => {
  for (const name of names.filter((name) => /^ {2}pull_request:/m.test(text(name)))) {
    assert.doesNotMatch(text(name), /secrets\.|id-token|: write/);
  }
});

test("what CI runs is run before a push", () => {
  const commands = [...text("ci.yml").matchAll(/\brun: (.*)$/gm)].map(([, command]) =>
    command.replace(/(test:hosts -- ).*/, "$1HOSTS"),
  );
  // Which hosts is a matrix there.
  const inCi = STEPS.map(({ command }) => command.replace(/(test:hosts -- ).*/, "$1HOSTS"));
  const own = commands.filter((command) => !command.startsWith("rustup toolchain install"));
  assert.deepEqual([...new Set(own)].sort(), inCi.sort());
});

test("a release builds and tests every platform", () => {
  const release = text("release.yml");
  for (const { target } of platforms(readJson(join(ROOT, "package.json")))) {
    const mentions = [...release.matchAll(new RegExp(`target: ${target} \\}`, "g"))];
    assert.equal(mentions.length, 2, `${target}: once built and once tested`);
  }
});
