// The gate on leaks: 100,000 calls of ever new owners and 1,000 `register()` calls may leave next to nothing
// behind. It fails with a message where they do.
//
//     node --expose-gc --max-semi-space-size=1 bench/leaks.mjs

import { ENTRIES, input, load, modelCall, register, responseHeaders } from "./host.mjs";
import { resident, turnOfLoop } from "./stats.mjs";

/** What a process's memory wanders by itself between two looks; a leak of 100 bytes a call is 10 MB. */
const LIMIT = 6e6;

const { plugin: provider } = await load(["plugin"]);
const { default: plugin } = await import(ENTRIES.plugin);
let id = 0;
const scenario = {
  messages: [{ role: "user", content: "hi" }],
  headers: responseHeaders(10),
  workspace: () => `/home/me/.openclaw/workspaces/customer-${id}`,
  agent: () => `agent-${id}`,
  hook: "wrapStreamFn",
};

async function calls(count) {
  for (const end = id + count; id < end; ) {
    id += 1;
    await modelCall(provider, input(scenario));
    if (id % 50 === 0) await turnOfLoop();
  }
}

async function registrations(count) {
  for (let round = 0; round < count; round += 1) {
    const { provider: own } = register(plugin);
    await modelCall(own, input(scenario));
    if (round % 50 === 0) await turnOfLoop();
  }
}

const heap = async () => {
  await resident();
  return process.memoryUsage().heapUsed;
};

let broken = false;
for (const [what, act, count, warmUp] of [
  ["calls", calls, 100_000, 30_000],
  ["register()", registrations, 1000, 300],
]) {
  await act(warmUp);
  const before = { resident: await resident(), heap: await heap() };
  await act(count);
  const grown = {
    resident: (await resident()) - before.resident,
    heap: (await heap()) - before.heap,
  };
  const text = Object.entries(grown).map(
    ([name, bytes]) => `${name} ${(bytes / 1e6).toFixed(2)} MB`,
  );
  console.log(`${count.toLocaleString("en")} ${what}: ${text.join(", ")} more`);
  broken ||= Math.max(grown.resident, grown.heap) > LIMIT;
}
if (broken) {
  console.log(`more than ${LIMIT / 1e6} MB: something is kept`);
  process.exitCode = 1;
}
