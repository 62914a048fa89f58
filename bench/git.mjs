// What asking git costs: the processor time of all its processes for one answer, how long an answer takes,
// and how long the event loop is held up by having it asked, in a process as large as a busy gateway.
//
//     node --expose-gc bench/git.mjs '{"repository": "/tmp/x", "probes": 20, "bytes": 1.6e9}'

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { loadNative } from "../lib/addon/native.js";
import { spread } from "./stats.mjs";

const { repository, probes, bytes } = JSON.parse(process.argv[2]);
const native = loadNative(fileURLToPath(new URL("..", import.meta.url)));
const gateway = new native.Gateway("0.1.0", "host", "/home/me", true);
const { handle } = gateway.identity({ workspaceDir: repository, agentId: "main" }, process.env);

/** How long an answer of git is told, in milliseconds. */
const FRESH = 2000;

// Touched, so that the pages are there, and spread over many buffers as a heap is.
const ballast = Array.from({ length: 16 }, () => Buffer.alloc(bytes / 16, 1));

/** Milliseconds that children of this process have used, once they were waited for; Linux only. */
function childrensTime() {
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1].split(" ");
  const ticks = Number(fields[13]) + Number(fields[14]);
  return ticks * 10;
}

const asking = [];
const answered = [];
const before = childrensTime();
for (let probe = 0; probe < probes; probe += 1) {
  const began = performance.now();
  native.probe(handle);
  asking.push((performance.now() - began) * 1000);
  const verdict = () =>
    JSON.parse(native.injectRequest(handle, {})).requester_runtime.git_dirty_hint;
  while (verdict() === undefined) {
    if (performance.now() - began > FRESH) throw new Error("no verdict");
    await sleep(1);
  }
  answered.push(performance.now() - began);
  await sleep(FRESH + 100);
}
const young = [];
native.probe(handle);
await sleep(200);
for (let call = 0; call < 1000; call += 1) {
  const began = performance.now();
  native.probe(handle);
  young.push((performance.now() - began) * 1000);
}
process.stdout.write(
  JSON.stringify({
    probes,
    bytes: ballast.reduce((sum, { length }) => sum + length, 0),
    asking: spread(asking),
    slowest: Math.max(...asking),
    young: spread(young),
    answered: spread(answered),
    processor: (childrensTime() - before) / (probes + 1),
  }),
);
