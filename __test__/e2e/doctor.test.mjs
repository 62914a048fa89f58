// What is silent today, provoked on the real gateway and read by `openclaw taas doctor`.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { provider, startGateway } from "../../sim/gateway.mjs";
import { stagePlugin } from "../../sim/stage.mjs";
import { startTaas } from "../../sim/taas.mjs";

const KEY = "a-key-that-nobody-else-has";
const TURNS = 20;

let taas;
let gateway;

before(async () => {
  // No cache at all, and Claude behind the autorouter.
  taas = await startTaas({
    blocksPerSlot: 0,
    reply: () => ({
      text: "Done.",
      headers: { "X-TaaS-Autorouter-Model": "anthropic/claude-sim" },
    }),
  });
  const staging = {
    ...provider(`${taas.url}/other`),
    headers: { "X-OpenClaw-Session-Id": "mine" },
  };
  gateway = await startGateway({
    plugin: stagePlugin(),
    providers: {
      cloudsigma: { ...provider(taas.url), apiKey: KEY },
      "cloudsigma-staging": staging,
    },
    agents: [{ id: "main" }, { id: "ops" }],
    config: { plugins: { entries: { "openclaw-taas-affinity": { config: { gitHint: true } } } } },
    env: { OPENCLAW_SESSION_ID: "for-all", TAAS_REQUESTER_BRIDGE_PLUGIN_ENABLED: "1" },
  });
});
after(async () => {
  await gateway?.stop();
  await taas?.close();
});

async function turn(agent = "main") {
  const answer = await gateway.turn({ agent, message: "hello" });
  assert.equal(answer.ok, true, JSON.stringify(answer) + gateway.log());
}

async function levels() {
  let payload;
  // So it does with a method, while it imports the plugin anew.
  for (let tries = 0; tries < 40 && payload === undefined; tries += 1) {
    ({ payload } = await gateway.call("taas.affinity.status", {}));
    if (payload === undefined) await sleep(250);
  }
  return Object.fromEntries(payload.checks.map(({ id, level }) => [id, level]));
}

test("a gateway at its start: what the configuration and the environment show", async () => {
  const all = await levels();
  const wrong = Object.keys(all).filter((id) => all[id] !== "ok");
  assert.deepEqual(wrong.toSorted(), [
    "config",
    "obsolete-variables",
    "pinned-headers",
    "provider-entry",
    "session-variable",
  ]);
});

test("calls that show what costs, each said once in the log", async () => {
  for (let count = 0; count < TURNS; count += 1) {
    await turn();
  }
  const workspace = join(gateway.root, "workspaces", "elsewhere");
  mkdirSync(workspace);
  const path = "agents.entries.main.workspace";
  const { code, stderr } = await gateway.cli(["config", "set", path, JSON.stringify(workspace)]);
  assert.equal(code, 0, stderr);
  // The host refuses a turn that begins while it takes an edit, and asks for another one.
  for (let tries = 0; tries < 40 && (await levels())["two-workspaces"] === "ok"; tries += 1) {
    await sleep(500);
    await gateway.turn({ message: "hello" });
  }
  const all = await levels();
  for (const id of ["cache-markers", "low-hit-rate", "two-workspaces"]) {
    assert.equal(all[id], "warning", `${id}\n${gateway.log()}`);
  }
  for (const id of ["ownership", "unseen-calls", "binary", "autorouter", "anonymous"]) {
    assert.equal(all[id], "ok", id);
  }
  const said = gateway.log().split("\n");
  for (const part of [
    /no token of 10 calls to anthropic\/claude-sim came from a cache; write compat\.cacheControlFormat/,
    /hit rate of 0 % over its last 20 calls/,
    /main was seen under oc:[0-9a-f]{16} and oc:[0-9a-f]{16}/,
  ]) {
    assert.equal(said.filter((line) => part.test(line)).length, 1, String(part));
  }
});

test("the report of it names no path, key, host or prompt", async () => {
  const { code, stdout, json } = await gateway.cli(["taas", "doctor", "--json"]);
  assert.equal(code, 1, "something is wrong");
  assert.equal(json.checks.length, 13);
  for (const { level, evidence, advice } of json.checks) {
    assert.ok(evidence.length > 0);
    assert.equal(advice === null, level === "ok");
  }
  for (const secret of [KEY, gateway.root, "127.0.0.1", "hello", "for-all", '"mine"']) {
    assert.equal(stdout.includes(secret), false, secret);
  }
});
