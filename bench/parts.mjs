// The addon's parts by themselves, beside those of the ideal rival, with the table empty and full.
//
//     node --expose-gc bench/parts.mjs '{"quick": false}'

import { fileURLToPath } from "node:url";
import { loadNative } from "../lib/addon/native.js";
import { headerReader } from "../lib/call/headers.js";
import { ENTRIES, fresh, register, responseHeaders } from "./host.mjs";
import { parts } from "./rivals/ideal.mjs";
import { busy, spread } from "./stats.mjs";

const { quick } = JSON.parse(process.argv[2]);
const LOOPS = 1000;
const RUNS = quick ? 10 : 100;

const native = loadNative(fileURLToPath(new URL("..", import.meta.url)));
const gateway = new native.Gateway("0.1.0", "host", "/home/me", false);
const received = headerReader(native.responseHeaders());
const asked = {};
for (const name of ["plugin", "ideal"]) {
  asked[name] = register((await import(ENTRIES[name])).default).method;
}

const contextOf = (id) => ({
  provider: "cloudsigma",
  modelId: "cloudsigma/auto",
  workspaceDir: fresh(`/home/me/.openclaw/workspace-${id}`),
  agentDir: fresh(`/home/me/.openclaw/agents/${id}/agent`),
  agentId: fresh(`agent-${id}`),
});
const payload = { model: "auto", messages: [], stream: true };
const response = { status: 200, headers: responseHeaders(10) };
const call = { turnId: "0af76519-16cd-43dd-8448-eb211c80319c", attempt: "1" };

const owner = parts.ownerOf(contextOf(0));
const { handle } = gateway.identity(contextOf(0), process.env);
const told = () => {
  const { status, headers } = response;
  return JSON.stringify({ status, ...call, headers: received(headers) });
};

const ask = (name, params) => {
  let answer;
  asked[name]({
    params,
    respond: (_ok, found) => {
      answer = found;
    },
  });
  return answer;
};

const CASES = {
  injectRequest: {
    plugin: () => native.injectRequest(handle, payload),
    ideal: () => parts.inject(owner, payload),
  },
  captureResponse: {
    plugin: () => native.captureResponse(handle, told()),
    ideal: () => parts.capture(owner, call, response),
  },
  "look-up by agent": {
    plugin: () => ask("plugin", { agentId: "agent-0" }),
    ideal: () => ask("ideal", { agentId: "agent-0" }),
  },
  "look-up by workspace": {
    plugin: () => ask("plugin", { workspaceDir: "/home/me/.openclaw/workspace-0" }),
    ideal: () => ask("ideal", { workspaceDir: "/home/me/.openclaw/workspace-0" }),
  },
};

function run(body) {
  const start = busy();
  for (let index = 0; index < LOOPS; index += 1) body();
  return ((busy() - start) * 1000) / LOOPS;
}

function measure(state) {
  return Object.entries(CASES).map(([what, bodies]) => {
    const names = Object.keys(bodies);
    const times = Object.fromEntries(names.map((name) => [name, []]));
    for (let round = -3; round < RUNS; round += 1) {
      for (const name of round % 2 === 0 ? names : names.toReversed()) {
        const time = run(bodies[name]);
        if (round >= 0) times[name].push(time);
      }
    }
    const ratio = spread(times.plugin.map((time, index) => time / times.ideal[index]));
    return {
      what,
      state,
      plugin: spread(times.plugin),
      ideal: spread(times.ideal),
      ratio,
    };
  });
}

// Owner 0 has to be there, so the emptiest table that can answer has one entry.
CASES.captureResponse.plugin();
CASES.captureResponse.ideal();
const empty = measure("one entry");
for (let id = 1; id < 256; id += 1) {
  native.captureResponse(gateway.identity(contextOf(id), process.env).handle, told());
  parts.capture(parts.ownerOf(contextOf(id)), call, response);
}
CASES.captureResponse.plugin();
CASES.captureResponse.ideal();
const full = measure("full");
process.stdout.write(JSON.stringify([...empty, ...full]));
