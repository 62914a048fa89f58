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
import { median, resident } from "./stats.mjs";

createRequire(import.meta.url)("../sim/host/package.json");

const entry = ENTRIES[process.argv[2]];
async function start(url) {
  const began = performance.now();
  const { default: plugin } = await import(url);
  const imported = performance.now();
  register(plugin);
  return { plugin, imported: imported - began, registered: performance.now() - imported };
}

/** Milliseconds of each of a thousand further registrations. */
function registerOften(plugin) {
  return Array.from({ length: 1000 }, () => {
    const began = performance.now();
    register(plugin);
    return performance.now() - began;
  });
}

const before = await resident();
const first = await start(entry);
const afterFirst = await resident();
let hundredth;
for (let copy = 2; copy <= 100; copy += 1) {
  hundredth = await start(`${entry}?copy=${copy}`);
}
const afterCopies = await resident();
const later = registerOften(first.plugin);
const afterLater = await resident();
const again = registerOften(first.plugin);
process.stdout.write(
  JSON.stringify({
    first: first.imported + first.registered,
    firstImport: first.imported,
    firstRegister: first.registered,
    hundredth: hundredth.imported + hundredth.registered,
    hundredthRegister: hundredth.registered,
    later: median(later),
    againLater: median(again),
    residentFirst: afterFirst - before,
    residentCopies: afterCopies - before,
    residentLater: afterLater - afterCopies,
    residentAgain: (await resident()) - afterLater,
  }),
);
