// `openclaw taas` and `/taas` on the real gateway, against the simulated TaaS.

import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

import { provider, startGateway } from "../../sim/gateway.mjs";
import { stagePlugin } from "../../sim/stage.mjs";
import { startTaas } from "../../sim/taas.mjs";
import { sessionOf } from "../support/identity.mjs";

const TRACE = pathToFileURL(fileURLToPath(new URL("../support/trace-loads.mjs", import.meta.url)));
const TURNS = { main: 3, ops: 1 };

let taas;
let gateway;
let plugin;

before(async () => {
  taas = await startTaas({ reply: () => "hello" });
  plugin = stagePlugin();
  const entry = provider(taas.url);
  entry.models[0].cost = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 };
  gateway = await startGateway({
    plugin,
    providers: { cloudsigma: entry },
    agents: Object.keys(TURNS).map((id) => ({ id })),
  });
  for (const [agent, turns] of Object.entries(TURNS)) {
    for (let turn = 0; turn < turns; turn += 1) {
      const result = await gateway.turn({ agent, message: `turn ${turn}` });
      assert.equal(result.ok, true, JSON.stringify(result));
    }
  }
});

after(async () => {
  await gateway?.stop();
  await taas?.close();
});

const command = (...args) => gateway.cli(["taas", ...args]);

async function json(...args) {
  const run = await command(...args, "--json");
  assert.equal(run.code, 0, run.stdout + run.stderr);
  return run.json;
}

function assertTable({ code, stdout, stderr }) {
  assert.equal(code, 0, stdout + stderr);
  assert.equal(stdout.includes("\u001b"), false, "no colour where nobody sees it");
  for (const line of stdout.split("\n")) {
    assert.ok([...line].length <= 80, line);
  }
}

describe("what is loaded", () => {
  async function loads(...args) {
    const file = join(gateway.root, "loads.txt");
    rmSync(file, { force: true });
    const env = { NODE_OPTIONS: `--import=${TRACE}`, TRACE_LOADS: file };
    const run = await gateway.cli(args, { env });
    assert.equal(run.code, 0, run.stderr);
    return { ...run, loaded: existsSync(file) ? readFileSync(file, "utf8").split("\n") : [] };
  }

  for (const args of [["--help"], ["plugins", "list"], ["gateway", "call", "health"]]) {
    test(`openclaw ${args.join(" ")} loads nothing of the plugin`, async () => {
      const { loaded, stdout } = await loads(...args);
      assert.deepEqual(loaded, []);
      if (args[0] === "--help") {
        assert.match(stdout, /^ +taas /m, "and yet it names the command");
      }
    });
  }

  test("openclaw taas route loads what it needs, and no other command", async () => {
    const { loaded } = await loads("taas", "route");
    assert.ok(loaded.includes("/lib/command/route.js"), loaded.join());
    for (const other of ["status", "doctor", "algorithm", "chat"]) {
      assert.equal(loaded.includes(`/lib/command/${other}.js`), false, other);
    }
  });
});

describe("answers", () => {
  test("status: the tokens that TaaS counted, to the last one", async () => {
    const { totals, agents, sessions } = await json("status");
    const served = taas.requests.filter(({ status }) => status === 200);
    const sum = (key) => served.reduce((total, request) => total + request[key], 0);
    assert.equal(totals.requests, served.length);
    assert.equal(totals.tokens.cached, sum("cachedTokens"));
    assert.equal(
      totals.tokens.input + totals.tokens.written,
      sum("inputTokens") - sum("cachedTokens"),
    );
    assert.equal(totals.tokens.output, sum("outputTokens"));
    assert.ok(totals.saved.usd > 0);
    for (const agent of Object.keys(TURNS)) {
      const row = agents.find(({ agentId }) => agentId === agent);
      assert.equal(row.sessionId, sessionOf(gateway.workspaces[agent]));
      assert.ok(sessions.some(({ sessionId }) => sessionId === row.sessionId));
    }
  });

  test("status, routes and route for a person", async () => {
    const status = await command("status", "--sessions");
    assertTable(status);
    assert.match(status.stdout, /^main +sim\/upstream-\d +3 +0 .*%.*\$\d/m);
    assert.match(status.stdout, new RegExp(`^${sessionOf(gateway.workspaces.ops)} +ops `, "m"));
    const routes = await command("routes", "--limit", "2");
    assertTable(routes);
    assert.match(routes.stdout, /ops +200 +sim\/upstream-\d/);
    assert.match(routes.stdout, /2 of 4: --limit/);
    const route = await command("route", "--workspace", gateway.workspaces.main);
    assertTable(route);
    assert.match(route.stdout, /^sim\/upstream-\d, \d+ \w+ ago$/m);
  });

  test("algorithm: set, shown, cleared", async () => {
    const set = await json("algorithm", "cost", "--agent", "ops");
    assert.deepEqual(set, { agentId: "ops", algorithm: "cost", previous: null });
    const shown = await command("algorithm");
    assertTable(shown);
    assert.match(shown.stdout, /^ops +cost$/m);
    const first = taas.requests.length;
    await gateway.turn({ agent: "ops", message: "by cost" });
    assert.equal(taas.requests[first].headers["x-taas-autorouter-algorithm"], "cost");
    assert.equal((await json("algorithm", "none", "--agent", "ops")).previous, "cost");
  });

  test("doctor: every check, and a report without paths, keys and addresses", async () => {
    const person = await command("doctor");
    const checks = await command("doctor", "--json");
    const expected = checks.json.checks.every(({ level }) => level === "ok") ? 0 : 1;
    assert.equal(person.code, expected, person.stdout + person.stderr);
    assert.equal(checks.code, expected);
    for (const { id, level } of checks.json.checks) {
      assert.match(person.stdout, new RegExp(`^${level} +${id}$`, "m"));
    }
    assert.equal(checks.json.versions.openclaw, gateway.host.version);
    for (const secret of [
      gateway.root,
      plugin,
      "not-a-real-key",
      gateway.token,
      "127.0.0.1",
      "turn 0",
    ]) {
      assert.equal(checks.stdout.includes(secret), false, secret);
    }
  });

  test("/taas answers for the agent of the chat, and no model is asked", async () => {
    const first = taas.requests.length;
    const sessionKey = "agent:ops:main";
    const sent = await gateway.call("chat.send", {
      sessionKey,
      message: "/taas",
      idempotencyKey: "taas-1",
    });
    assert.equal(sent.ok, true, JSON.stringify(sent));
    let said;
    for (let waited = 0; waited < 300 && said === undefined; waited += 1) {
      await sleep(100);
      const { payload } = await gateway.call("chat.history", { sessionKey, limit: 5 });
      said = JSON.stringify(payload.messages).match(/ops: answered by sim\/upstream-\d[^"]*/)?.[0];
    }
    assert.match(said ?? "nothing", /of the prompt cached in 2 calls/);
    assert.equal(taas.requests.length, first);
  });
});

describe("exit codes", () => {
  for (const args of [
    ["nonsense"],
    ["status", "--nope"],
    ["status", "extra"],
    ["route", "--session", "nope"],
  ]) {
    test(`2: openclaw taas ${args.join(" ")}`, async () => {
      const { code, json: answer, stderr } = await command(...args, "--json");
      assert.equal(code, 2, stderr);
      assert.equal(answer.error.code, "INVALID_REQUEST");
    });
  }

  test("2 for a person, in words", async () => {
    const { code, stdout, stderr } = await command("algorithm", "fastest", "--agent", "main");
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /fastest/);
    assert.match(stderr, /price_performance/);
  });

  test("3 where no gateway answers", async () => {
    const { code, stderr } = await command("status", "--url", "ws://127.0.0.1:1", "--token", "x");
    assert.equal(code, 3);
    assert.match(stderr, /no gateway answers/);
    assert.match(stderr, /openclaw gateway restart/);
  });

  test("3 where the gateway's plugin is an older one", async () => {
    // Read from the directory by the command line, and by the gateway long before.
    const file = join(plugin, "lib", "command", "route.js");
    const code = readFileSync(file, "utf8");
    writeFileSync(file, code.replaceAll("taas.affinity.routes", "taas.affinity.laterRoutes"));
    const run = await command("routes", "--json");
    writeFileSync(file, code);
    assert.equal(run.code, 3, run.stdout + run.stderr);
    assert.equal(run.json.error.code, "UNKNOWN_METHOD");
    assert.match(run.json.error.advice, /openclaw gateway restart/);
  });
});

test("the gateway has nothing to say about it", () => {
  assert.equal(gateway.isAlive(), true);
  assert.doesNotMatch(gateway.log(), /taas-affinity: |unhandled|uncaught/i);
});
