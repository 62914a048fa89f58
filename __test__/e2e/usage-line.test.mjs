// What caching saved, as `/status` and the usage pages of the real gateway show it.

import assert from "node:assert/strict";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { provider, startGateway } from "../../sim/gateway.mjs";
import { stagePlugin } from "../../sim/stage.mjs";
import { startTaas } from "../../sim/taas.mjs";
import { usageEntries, usageLine } from "../support/chat.mjs";

const OURS = "openclaw-taas-affinity";
const COST = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 };
const MODELS = { main: "claude-sonnet-4", ops: "gpt\u00ad-5" };

let taas;
let gateway;

before(async () => {
  taas = await startTaas({
    reply({ agentId, lastUserText, isFollowUp, toolNames }) {
      const headers = { "X-TaaS-Autorouter-Model": MODELS[agentId] };
      if (!/WHAT DID IT COST/.test(lastUserText) || isFollowUp) {
        return { text: "Done.", headers };
      }
      const call = toolNames.includes("session_status")
        ? { name: "session_status", arguments: {} }
        : { name: "tool_call", arguments: { id: "session_status", args: {} } };
      return { toolCalls: [call], headers };
    },
  });
  const entry = provider(taas.url);
  gateway = await startGateway({
    plugin: stagePlugin(),
    providers: { cloudsigma: { ...entry, models: [{ ...entry.models[0], cost: COST }] } },
    agents: [{ id: "main" }, { id: "ops" }],
  });
});
after(async () => {
  await gateway?.stop();
  await taas?.close();
});

async function turns(agent, count, message = "hello") {
  for (let turn = 0; turn < count; turn += 1) {
    const { ok, error } = await gateway.turn({ agent, message });
    assert.equal(ok, true, JSON.stringify(error));
  }
}

/** What the calls saved by the tokens that TaaS counted, as the line has it. */
function savedIn(requests) {
  const sum = (key) => requests.reduce((total, request) => total + request[key], 0) / 1e6;
  const saved = sum("cachedTokens") * (COST.input - COST.cacheRead);
  assert.ok(saved >= 0.01, "the figures have two digits");
  const share = Math.round((100 * saved) / (sum("inputTokens") * COST.input));
  return `$${saved.toFixed(2)} saved (${share} %)`;
}
const savedBy = (agent) => savedIn(taas.requests.filter(({ agentId }) => agentId === agent));

/** Changes the plugin's configuration, and waits until the gateway has taken the edit. It loses messages meanwhile. */
async function configure(config) {
  const applied = () => gateway.log().split("config hot reload applied").length;
  const earlier = applied();
  const all = JSON.parse(readFileSync(gateway.configPath, "utf8"));
  all.plugins.entries[OURS].config = config;
  writeFileSync(`${gateway.configPath}.new`, JSON.stringify(all, null, 2));
  renameSync(`${gateway.configPath}.new`, gateway.configPath);
  for (let waits = 0; waits < 300 && applied() === earlier; waits += 1) {
    await sleep(100);
  }
  assert.ok(applied() > earlier, gateway.log());
}

/** The line of `main`, as soon as an edit has taken effect. */
async function lineOnce(isThere) {
  let line;
  for (let waits = 0; waits < 100; waits += 1) {
    line = await usageLine(gateway);
    if (isThere(line)) return line;
    await sleep(300);
  }
  throw new Error(`the line stays ${line}\n${gateway.log()}`);
}

/** What the tool `session_status` returned to the model. */
async function toolResult() {
  await turns("main", 1, "WHAT DID IT COST?");
  const { toolResults } = taas.requests.findLast(({ isFollowUp }) => isFollowUp);
  assert.match(toolResults.at(-1), /OpenClaw \d/, "the tool was called");
  return toolResults.at(-1);
}

test("/status shows no usage line until the agent has made a call", async () => {
  assert.equal(await usageLine(gateway), undefined);
});

test("/status shows the saving of the chat's agent and the model of its last run", async () => {
  await turns("main", 3);
  await turns("ops", 2);
  assert.equal(await usageLine(gateway), `${savedBy("main")}, claude-sonnet-4`);
  const ops = await usageLine(gateway, { agent: "ops" });
  assert.equal(ops, `${savedBy("ops")}, gpt-5`, "without the invisible character");
  assert.notEqual(savedBy("main"), savedBy("ops"));
});

test("usage.status has one entry of the plugin, with the totals", async () => {
  assert.deepEqual(await usageEntries(gateway), [
    {
      provider: "taas-affinity",
      displayName: "TaaS affinity",
      windows: [],
      summary: savedIn(taas.requests),
    },
  ]);
});

test("openclaw status --usage shows the totals of the running gateway", async () => {
  const { code, stdout, stderr } = await gateway.cli(["status", "--usage"]);
  assert.equal(code, 0, stdout + stderr);
  const lines = stdout.split("\n").filter((line) => /taas|cloudsigma:/i.test(line));
  assert.deepEqual(
    lines.map((line) => line.trim()),
    [`TaaS affinity: ${savedIn(taas.requests)}`],
    stderr,
  );
});

test("the tool session_status returns the line to a model that calls it", async () => {
  assert.match(await toolResult(), /📊 Usage: \$\d\.\d\d saved \(\d+ %\), claude-sonnet-4/);
});

test("the line ends with the number of warnings and the command that explains them", async () => {
  await configure({ gitHint: true });
  const line = await lineOnce((text) => /warning/.test(text));
  assert.equal(line, `${savedBy("main")}, claude-sonnet-4, 1 warning: openclaw taas doctor`);
});

test("`statusLine: false` removes the line from /status, session_status and usage.status", async () => {
  await configure({ statusLine: false });
  await lineOnce((text) => text === undefined);
  const told = await toolResult();
  assert.doesNotMatch(told, /📊|saved \(/);
  // The host keeps an answer of usage.status for 60 seconds.
  await gateway.restart();
  await turns("main", 2);
  assert.equal(await usageLine(gateway), undefined);
  assert.deepEqual(await usageEntries(gateway), []);
});

test("without figures, usage.status and openclaw status --usage have no entry", async () => {
  await configure({});
  await gateway.restart();
  assert.deepEqual(await usageEntries(gateway), []);
  const { code, stdout, stderr } = await gateway.cli(["status", "--usage"]);
  assert.equal(code, 0, stdout + stderr);
  assert.doesNotMatch(stdout, /taas|cloudsigma:/i);
  await turns("main", 2);
  await lineOnce((text) => /claude-sonnet-4$/.test(text));
});

test("the plugin logs only the warning about the invalid setting", () => {
  assert.equal(gateway.isAlive(), true);
  const lines = gateway.log().split("\n");
  const ours = lines.filter((line) => line.includes("taas-affinity: "));
  assert.deepEqual(
    ours.filter((line) => !line.includes("configuration is ignored")),
    [],
  );
  assert.doesNotMatch(gateway.log(), /unhandled|uncaught/i);
});
