// Data flows one way: a file imports only files of its own layer or of a lower layer.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, sep } from "node:path";
import { test } from "node:test";

import { ROOT } from "./support/plugin.mjs";

/** From the highest layer to the lowest. A file belongs to the first layer that matches. */
const LAYERS = [
  /^index\.js$/,
  /^lib\/(?:command|surface)\//,
  /^lib\/methods\.js$/,
  /^lib\/call\/hooks\.js$/,
  /^lib\/call\//,
  /^lib\/host\//,
  /^lib\/addon\//,
  /^lib\/(?:log|plain)\.js$/,
];
const layerOf = (file) => LAYERS.findIndex((layer) => layer.test(file));

const IMPORT = /(?:from|import|import\() ?"(\.{1,2}\/[^"]+\.js)"/g;

/** The imports of each product file, without the types in comments. */
const imports = new Map(
  ["index.js", ...readdirSync(join(ROOT, "lib"), { recursive: true }).map((name) => `lib/${name}`)]
    .map((name) => name.split(sep).join("/"))
    .filter((name) => name.endsWith(".js"))
    .map((file) => {
      const code = readFileSync(join(ROOT, file), "utf8").replace(
        /\/\*.*?\*\/|^\s*\/\/[^\n]*$/gms,
        "",
      );
      const paths = [...code.matchAll(IMPORT)].map(([, path]) => path);
      return [file, paths.map((path) => posix.join(posix.dirname(file), path))];
    }),
);

test("a file imports only files of its own layer or of a lower layer", () => {
  assert.deepEqual(
    [...imports.keys()].filter((file) => layerOf(file) < 0),
    [],
    "every file has a layer",
  );
  const upward = [...imports].flatMap(([file, paths]) =>
    paths.filter((path) => layerOf(path) < layerOf(file)).map((path) => `${file} imports ${path}`),
  );
  assert.deepEqual(upward, []);
  assert.ok([...imports.values()].flat().length > 50, "imports are found");
});

test("no file imports itself through other files", () => {
  const circular = [];
  function visit(file, trail) {
    if (trail.includes(file)) {
      circular.push([...trail, file].join(" -> "));
    } else {
      for (const path of imports.get(file) ?? []) {
        visit(path, [...trail, file]);
      }
    }
  }
  visit("index.js", []);
  assert.deepEqual(circular, []);
});
