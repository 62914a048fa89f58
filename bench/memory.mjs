// Resident memory over many calls with ever new sessions, agents and workspaces.
//
//     node --expose-gc bench/memory.mjs '{"contestant": "plugin", "calls": 1000000}'

import { input, load, modelCall, responseHeaders } from "./host.mjs";
import { resident, turnOfLoop } from "./stats.mjs";

const { contestant, calls } = JSON.parse(process.argv[2]);
const provider = (await load([contestant]))[contestant];
let id = 0;
const scenario = {
  messages: [{ role: "user", content: "hi" }],
  headers: responseHeaders(10),
  workspace: () => `/home/me/.openclaw/workspaces/customer-${id}`,
  agent: () => `agent-${id}`,
  hook: "wrapStreamFn",
};

/** So many calls at once that no call has to wait for another one's repository. */
const AT_ONCE = 50;

const samples = [];
const every = Math.max(1000, Math.floor(calls / 20));
while (id < calls) {
  const running = [];
  for (let one = 0; one < AT_ONCE; one += 1) {
    id += 1;
    running.push(modelCall(provider, input(scenario)));
  }
  await Promise.all(running);
  // The host waits for the network in every call; without a turn of the loop no finalizer ever runs.
  await turnOfLoop();
  if (id % every === 0) samples.push(await resident());
}
// The first tenth is warm-up: code is compiled, heaps grow to their working size.
const [, , ...steady] = samples;
process.stdout.write(
  JSON.stringify({
    contestant,
    calls,
    warmUp: samples[1],
    end: samples.at(-1),
    growth: samples.at(-1) - samples[1],
    highest: Math.max(...steady) - samples[1],
  }),
);
