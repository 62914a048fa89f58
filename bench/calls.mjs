// Whole model calls: event-loop time of each contestant, in alternating blocks of one process.
//
//     node --expose-gc bench/calls.mjs '{"scenarios": […], "quick": false}'

import assert from "node:assert/strict";

import { history, input, load, modelCall, responseHeaders } from "./host.mjs";
import { busy, quantile, spread, turnOfLoop } from "./stats.mjs";

let counter = 0;
const next = () => {
  counter += 1;
  return counter;
};

/** What a scenario is made of, from its few words. */
function build({ bytes = 10_000, messages = 10, headers = 10, repository, variant, ...rest }) {
  const scenario = {
    messages: history(messages, bytes),
    headers: responseHeaders(headers),
    callerHeaders: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
    workspace: () => repository ?? "/home/me/.openclaw/workspace-new-agent-2",
    agent: () => "new-agent-2",
    hook: "wrapStreamFn",
    inFlight: 1,
    ...rest,
  };
  switch (variant) {
    case "new owners":
      scenario.workspace = () => `/home/me/.openclaw/workspaces/customer-${next()}`;
      scenario.agent = () => `agent-${counter}`;
      break;
    case "simple completion":
      scenario.hook = "wrapSimpleCompletionStreamFn";
      break;
    case "not autorouted":
      delete scenario.headers["x-taas-autorouted"];
      break;
    case "caller's own":
      scenario.metadata = { user: "u-1", session_id: "own" };
      scenario.ownHooks = true;
      scenario.callerHeaders = { ...scenario.callerHeaders, "x-session-id": "own", accept: "*/*" };
      break;
    case undefined:
      break;
    default:
      throw new Error(`no such variant: ${variant}`);
  }
  return scenario;
}

/** Runs a block of calls, and returns the event-loop time of each, in microseconds. */
async function block(provider, scenario, calls) {
  const { inFlight } = scenario;
  const inputs = Array.from({ length: calls }, () => input(scenario));
  const times = [];
  globalThis.gc?.({ type: "minor" });
  await turnOfLoop();
  const began = busy();
  for (let index = 0; index < calls; index += inFlight) {
    if (inFlight === 1) {
      const start = busy();
      await modelCall(provider, inputs[index]);
      times.push((busy() - start) * 1000);
    } else {
      const all = [];
      let open;
      const gate = new Promise((resolve) => {
        open = resolve;
      });
      const start = busy();
      for (let one = index; one < index + inFlight; one += 1) {
        all.push(modelCall(provider, inputs[one], gate));
      }
      open();
      await Promise.all(all);
      times.push(((busy() - start) * 1000) / inFlight);
    }
    if (index % 50 === 0) {
      await turnOfLoop();
    }
  }
  // With what the loop did between calls on the contestant's behalf, such as finalizers.
  const mean = ((busy() - began) * 1000) / calls;
  return { times, mean };
}

/** What reaches the wire has to be the same, byte for byte, or the contestants do different work. */
async function assertSameWork(providers, scenario) {
  if (scenario.repository) return;
  const call = input(scenario);
  const seen = {};
  for (const name of ["plugin", "ideal"].filter((name) => providers[name])) {
    const own = structuredClone({ ...call, options: {}, context: {} });
    own.options = call.options;
    own.context = { ...call.context };
    await modelCall(providers[name], own);
    seen[name] = JSON.stringify([own.wire, own.sent]);
  }
  if (seen.plugin !== undefined && seen.ideal !== undefined) {
    assert.equal(seen.plugin, seen.ideal);
  }
}

async function measure({ name, contestants, quick, ...words }) {
  const providers = await load(contestants);
  const scenario = build(words);
  await assertSameWork(providers, { ...scenario, repository: words.repository });

  const slow = new Set(words.repository ? ["usual"] : []);
  const sizes = Object.fromEntries(
    contestants.map((contestant) => {
      if (slow.has(contestant)) return [contestant, quick ? 3 : 10];
      const calls = words.calls ?? (quick ? 400 : 2000);
      return [contestant, Math.max(calls, scenario.inFlight * 4)];
    }),
  );
  const rounds = words.rounds ?? (quick ? 6 : 30);
  const warmUp = quick ? 2 : 4;
  const results = Object.fromEntries(
    contestants.map((contestant) => [contestant, { p50: [], p99: [], mean: [] }]),
  );
  for (let round = -warmUp; round < rounds; round += 1) {
    // The order turns round, so that nobody always follows the same one.
    const order = round % 2 === 0 ? contestants : contestants.toReversed();
    for (const contestant of order) {
      if (slow.has(contestant) && (round < -1 || round >= (quick ? 2 : 5))) continue;
      const { times, mean } = await block(providers[contestant], scenario, sizes[contestant]);
      if (round >= 0) {
        results[contestant].p50.push(quantile(times, 0.5));
        results[contestant].p99.push(quantile(times, 0.99));
        results[contestant].mean.push(mean);
      }
    }
  }
  const summary = Object.fromEntries(
    contestants.map((contestant) => {
      const { p50, p99, mean } = results[contestant];
      return [
        contestant,
        { calls: sizes[contestant], p50: spread(p50), p99: spread(p99), mean: spread(mean) },
      ];
    }),
  );
  const ratios = {};
  for (const rival of ["ideal", "usual"].filter((rival) => results[rival])) {
    const pairs = (key) =>
      spread(results[rival][key].map((value, index) => results.plugin[key][index] / value));
    ratios[rival] = { p50: pairs("p50"), p99: pairs("p99"), mean: pairs("mean") };
  }
  return { name, warmUp, rounds, summary, ratios };
}

const { scenarios, quick } = JSON.parse(process.argv[2]);
const measured = [];
for (const scenario of scenarios) {
  measured.push(await measure({ ...scenario, quick }));
  console.error(`bench: ${scenario.name}`);
}
process.stdout.write(JSON.stringify(measured));
