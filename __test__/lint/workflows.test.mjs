// The lint of the workflows.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { actionlint } from "../../scripts/actionlint.mjs";
import { ROOT } from "../support/plugin.mjs";

const DIRECTORY = join(ROOT, ".github", "workflows");
const names = readdirSync(DIRECTORY);
const text = (name) => readFileSync(join(DIRECTORY, name), "utf8");

test("actionlint accepts every workflow", async () => {
  assert.equal(await actionlint(names.map((name) => join(DIRECTORY, name))), "");
});

test("actionlint rejects a workflow that uses an unknown property", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "taas-affinity-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const broken = join(directory, "broken.yml");
  writeFileSync(broken, text("ci.yml").replace("matrix.node }}", "matrix.nothing }}"));
  assert.match(await actionlint([broken]), /property "nothing" is not defined/);
});
