// Import and `register()` in a process of their own: the first time, the hundredth, and the thousand
// after it.
//
//     node --expose-gc bench/start.mjs plugin|ideal|nothing

// Imported before the clock runs are the modules that a host has loaded long before any plugin, and
// both of Node's module loaders have been at work.
import "node:async_hooks";
import "node:crypto";
import "node:fs";
import { createRequire } from "node:module";
import "node:os";
import "node:path";
import { performance } from "node:perf_hooks";
import "node:url";

import { ENTRIES, register } from "./host.mjs";
import { turnOfLoop } from "./stats.mjs";

createRequire(import.meta.url)("../__test__/host/package.json");

const entry = ENTRIES[process.argv[2]];
const resident = async () => {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc();
    await turnOfLoop();
  }
  return process.memoryUsage.rss();
};

async function start(url) {
  const began = performance.now();
  const { default: plugin } = await import(url);
  const imported = performance.now();
  register(plugin);
  return { plugin, imported: imported - began, registered: performance.now() - imported };
}

const before = await resident();
const first = await start(entry);
const afterFirst = await resident();
let hundredth;
for (let copy = 2; copy <= 100; copy += 1) {
  hundredth = await start(`${entry}?copy=${copy}`);
}
const afterCopies = await resident();
const later = [];
for (let round = 0; round < 1000; round += 1) {
  const began = performance.now();
  register(first.plugin);
  later.push(performance.now() - began);
}
const afterLater = await resident();
const again = [];
for (let round = 0; round < 1000; round += 1) {
  const began = performance.now();
  register(first.plugin);
  again.push(performance.now() - began);
}
const middle = (values) => values.sort((a, b) => a - b)[values.length >> 1];
process.stdout.write(
  JSON.stringify({
    first: first.imported + first.registered,
    firstImport: first.imported,
    firstRegister: first.registered,
    hundredth: hundredth.imported + hundredth.registered,
    hundredthRegister: hundredth.registered,
    later: middle(later),
    againLater: middle(again),
    residentFirst: afterFirst - before,
    residentCopies: afterCopies - before,
    residentLater: afterLater - afterCopies,
    residentAgain: (await resident()) - afterLater,
  }),
);
