// What the event-loop thread asks of the operating system in steady state. `strace` runs this file;
// between the two marks, no call of that thread may be about a file or a process.
//
//     strace -o trace.txt node bench/trace.mjs WORKSPACE

import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { input, load, modelCall, responseHeaders } from "./host.mjs";

export const BEGIN = "taas-affinity steady state begins";
export const END = "taas-affinity steady state ends";

const scenario = {
  messages: [{ role: "user", content: "hi" }],
  headers: responseHeaders(10),
  workspace: () => process.argv[2],
  agent: () => "main",
  hook: "wrapStreamFn",
};

async function calls(provider, count) {
  for (let index = 0; index < count; index += 1) {
    await modelCall(provider, input(scenario));
    // A pause such as the network makes, so that what runs on timers runs as well.
    await sleep(1);
  }
}

const { plugin } = await load(["plugin"]);
await calls(plugin, 200);
writeSync(2, `${BEGIN}\n`);
await calls(plugin, 200);
writeSync(2, `${END}\n`);
