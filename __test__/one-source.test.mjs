// Facts that are written twice because one side has to work without the other: both sides must agree.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { ALGORITHMS, KINDS, ROUTES } from "../lib/command/accepted.js";
import { WITHOUT_ADDON } from "../lib/methods.js";
import { native, register } from "./support/plugin.mjs";

const errorOf = (method, params) => {
  let refused;
  const respond = (_, __, error) => (refused = error.message);
  register().methods.get(method).handler({ params, respond });
  return refused;
};

test("the methods without the addon are the methods of the addon", () => {
  const table = native.methods().map(({ name, scope }) => [name, scope]);
  assert.deepEqual(Object.entries(WITHOUT_ADDON), table);
});

test("help texts and types name the algorithms that the gateway accepts", () => {
  const error = errorOf("taas.autorouter.setAlgorithm", { agentId: "main", algorithm: "x" });
  assert.ok(error.includes(`algorithm must be ${ALGORITHMS.join(", ")}, or null`), error);
  const types = readFileSync(new URL("../index.d.ts", import.meta.url), "utf8");
  const [, union] = /type Algorithm =([^;]+);/.exec(types);
  const names = [...union.matchAll(/"(\w+)"/g)].map(([, name]) => name);
  assert.deepEqual(names, ALGORITHMS);
});

test("the help text of routes names the kinds that the gateway accepts", () => {
  const error = errorOf("taas.affinity.routes", { kind: "x" });
  assert.ok(error.includes(`kind must be one of ${KINDS.join(", ")}, got`), error);
});

test("the help text of routes names the highest limit that the gateway accepts", () => {
  const error = errorOf("taas.affinity.routes", { limit: ROUTES.highest + 1 });
  assert.match(error, new RegExp(`limit must be a whole number between 1 and ${ROUTES.highest},`));
});
