// What `native.d.ts` says of the addon is what the addon has, as the build wrote it down.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { INTERFACE } from "../lib/images.js";
import { loadNative } from "../lib/native.js";
import { ROOT } from "./support/plugin.mjs";

const SAID = readFileSync(join(ROOT, "native.d.ts"), "utf8");
const WRITTEN = readFileSync(join(ROOT, "node_modules", ".cache", "native.d.ts"), "utf8");

/** Every function, with the names of its parameters, and every property of what it returns. */
function members(declarations) {
  const code = declarations.replaceAll(/\/\*.*?\*\//gs, "");
  const functions = [...code.matchAll(/(\w+)(?:: new )?\(([^()]*)\)/g)];
  const properties = [...code.matchAll(/^ {2}(\w+): \w[^(\n]*$/gm)];
  const parameters = (list) =>
    [...list.replaceAll(/\{.*?\}/gs, "").matchAll(/(\w+)\??:/g)].map(([, name]) => name);
  return [
    ...functions.map(([, name, list]) => `${name}(${parameters(list).join(", ")})`),
    ...properties.map(([, name]) => name),
  ].sort();
}

test("native.d.ts says what the addon has", () => {
  const written = members(WRITTEN).map((member) => member.replace("constructor(", "Affinity("));
  assert.deepEqual(members(SAID), written.sort());
  assert.match(SAID, new RegExp(`interface with number ${INTERFACE} `));
  const names = Object.keys(loadNative(ROOT));
  assert.deepEqual(
    names.filter((name) => !new RegExp(`\\b${name}\\b`).test(SAID)),
    [],
  );
});
