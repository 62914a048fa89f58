// How long requests wait for a repository's hints, and how long they keep the event loop busy: the
// first request that asks for them, in a process that has made others, and later ones.
//
//     node bench/hints.mjs '{"contestant": "plugin", "repository": "/tmp/x", "dirty": false, "later": 10}'

import { setTimeout as sleep } from "node:timers/promises";

import { input, load, responseHeaders } from "./host.mjs";
import { busy } from "./stats.mjs";

const { contestant, repository, dirty, later } = JSON.parse(process.argv[2]);
const provider = (await load([contestant]))[contestant];
const scenario = {
  messages: [{ role: "user", content: "hi" }],
  headers: responseHeaders(10),
  workspace: () => "/nowhere/at/all",
  agent: () => "main",
  hook: "wrapStreamFn",
};
const WARM_UP = 3000;

/** One request right behind its wrapper, which is the longest that it can wait; in milliseconds. */
async function request() {
  const call = input(scenario);
  let waited;
  let sent;
  call.context.streamFn = async (_model, _context, options) => {
    const began = performance.now();
    sent = await options.onPayload(call.payload, call.model);
    waited = performance.now() - began;
  };
  const began = busy();
  await provider.wrapStreamFn(call.context)(call.model, undefined, call.options);
  const blocked = busy() - began;
  const verdict = sent.metadata.requester_runtime.git_dirty_hint;
  if (scenario.workspace() === repository && verdict === !dirty)
    throw new Error(`${repository}: the verdict is wrong`);
  return { waited, blocked, verdict: verdict !== undefined };
}

for (let count = 0; count < WARM_UP; count += 1) await request();
scenario.workspace = () => repository;
await sleep(300);
const found = { first: await request(), later: [] };
for (let count = 0; count < later; count += 1) {
  // A request in its own time: the last one's probe has ended, whether it was waited for or not.
  await sleep(300);
  found.later.push(await request());
}
process.stdout.write(JSON.stringify(found));
