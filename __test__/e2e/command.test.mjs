// `openclaw taas` and `/taas` on the real gateway, after ten turns over each API with failures and retries. The
// figures are those that the simulated TaaS counted. A command takes the host many seconds, so reading commands run
// in parallel.

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

import {
  AGENTS,
  API_AGENTS,
  APIS,
  FAILING,
  startWithTurns,
  TURNS,
} from "../support/command-gateway.mjs";
import { sessionOf } from "../support/identity.mjs";
import { USAGE_FORMS } from "../support/usage-forms.mjs";

const TRACE = pathToFileURL(fileURLToPath(new URL("../support/trace-loads.mjs", import.meta.url)));

let taas;
let gateway;
let plugin;
/** By agent: the form of usage in its next answers. */
let usageOf;
let take;

before(async () => {
  ({ taas, gateway, plugin, usageOf, take } = await startWithTurns());
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

async function ask(method, params = {}) {
  const answer = await gateway.call(method, params);
  assert.equal(answer.ok, true, JSON.stringify(answer.error));
  return answer.payload;
}

/** The figures that TaaS counted, for one agent or all. */
function counted(agent) {
  const requests = taas.requests.filter(({ agentId }) => !agent || agentId === agent);
  const sum = (key) => requests.reduce((total, request) => total + (request[key] ?? 0), 0);
  return {
    requests: requests.length,
    failures: requests.filter(({ status }) => status !== 200).length,
    prompt: sum("inputTokens"),
    cached: sum("cachedTokens"),
    output: sum("outputTokens"),
  };
}

/** The same figures from an answer of our method. */
const reported = ({ requests, failures, tokens: { input, cached, written, output } }) => ({
  requests,
  failures,
  prompt: input + cached + written,
  cached,
  output,
});

function assertTable({ code, stdout, stderr }) {
  assert.equal(code, 0, stdout + stderr);
  assert.equal(stdout.includes("\u001b"), false, "no colour outside a terminal");
  for (const line of stdout.split("\n")) {
    assert.ok([...line].length <= 80, line);
  }
}

describe("loading", { concurrency: 2 }, () => {
  async function loads(...args) {
    const file = join(gateway.root, `loads of ${args.join(" ")}.txt`);
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
        assert.match(stdout, /^ +taas /m, "the help names the command");
      }
    });
  }

  test("openclaw taas route loads no other command", async () => {
    const { loaded } = await loads("taas", "route");
    assert.ok(loaded.includes("/lib/command/route.js"), loaded.join());
    for (const other of ["status", "doctor", "algorithm", "chat"]) {
      assert.equal(loaded.includes(`/lib/command/${other}.js`), false, other);
    }
  });
});

describe("figures", { concurrency: 2 }, () => {
  test("status has exactly the calls and tokens that TaaS counted", async () => {
    const { totals, agents, sessions } = await json("status");
    assert.deepEqual(reported(totals), counted());
    assert.ok(totals.saved.usd > 0);
    for (const agent of AGENTS) {
      const row = agents.find(({ agentId }) => agentId === agent);
      assert.deepEqual(reported(row), counted(agent), agent);
      assert.equal(row.sessionId, sessionOf(gateway.workspaces[agent]));
      assert.equal(row.source, "workspaceDir");
      assert.match(row.model, /^sim\/upstream-\d$/);
      const session = sessions.find(({ sessionId }) => sessionId === row.sessionId);
      assert.deepEqual(reported(session), counted(agent), agent);
    }
    for (const agent of API_AGENTS) {
      const row = agents.find(({ agentId }) => agentId === agent);
      assert.ok(row.requests >= TURNS[agent] && row.hitRate > 0.5 && row.hitRate <= 1, agent);
      // Each retry of the failing turn is a separate call.
      assert.deepEqual(row.failuresByStatus, { 429: 1, 503: 1 });
    }
  });

  test("status prints a table that fits 80 columns", async () => {
    const status = await command("status", "--sessions");
    assertTable(status);
    assert.match(status.stdout, /^main +sim\/upstream-\d +3 +0 .*%.*\$\d/m);
    assert.match(status.stdout, new RegExp(`^${sessionOf(gateway.workspaces.ops)} +ops `, "m"));
  });

  test("status prints models and latency in tables that fit 80 columns", async () => {
    const status = await command("status", "--models", "--latency");
    assertTable(status);
    assert.match(status.stdout, /^sim\/upstream-\d +\d+ +\d+ % .*\$\d.* % {2,}\d+$/m);
    assert.match(status.stdout, /^completions +[\d.]+\/[\d.]+ s +[\d.]+\/[\d.]+ s /m);
    const failed = FAILING.statuses.length * API_AGENTS.length;
    assert.match(status.stdout, new RegExp(`^no model +${failed} +\\d+ % .* ${failed}$`, "m"));
  });

  test("status of an agent prints failures by status and the request id of the last one", async () => {
    const [agent] = API_AGENTS;
    const status = await command("status", agent);
    assertTable(status);
    assert.match(status.stdout, /^failed +2 \(1 x 429, 1 x 503\)$/m);
    assert.match(status.stdout, /^last failure +503, .* ago, request failed-with-503$/m);
    assert.match(status.stdout, /^conversations +\d+ % in the first call, \d+ % in later ones$/m);
    assert.match(status.stdout, /^until the end +[\d.]+\/[\d.]+ s with cached tokens, /m);
  });

  test("an unknown agent exits with 1, and the message names the known agents", async () => {
    const { code, stderr } = await command("status", "nobody");
    assert.equal(code, 1);
    const all = AGENTS.toSorted().join(", ");
    assert.ok(stderr.replaceAll(/\s+/g, " ").includes(`the known agents are: ${all}`), stderr);
  });

  test("routes prints a table that fits 80 columns", async () => {
    const routes = await command("routes", "--limit", "2");
    assertTable(routes);
    assert.match(routes.stdout, /ops +run +200 +sim\/upstream-\d/);
    assert.match(routes.stdout, new RegExp(`2 of ${taas.requests.length} shown\\. Use --limit`));
  });

  test("route prints the latest model of a workspace, and of an agent without --agent", async () => {
    const routes = [["--workspace", gateway.workspaces.main], ["main"]];
    for (const route of await Promise.all(routes.map((args) => command("route", ...args)))) {
      assertTable(route);
      assert.match(route.stdout, /^sim\/upstream-\d, \d+ \w+ ago$/m);
    }
  });

  test("the attempt header counts up with each retry", async () => {
    for (const agent of API_AGENTS) {
      const [failed] = taas.requests.filter(
        ({ agentId, status }) => agentId === agent && status !== 200,
      );
      const tries = taas.requests
        .filter(({ agentId, index }) => agentId === agent && index >= failed.index)
        .slice(0, FAILING.statuses.length + 1);
      const first = agent === "anthropic" ? undefined : "1";
      const attempts = tries.map(({ headers }) => headers["x-openclaw-attempt"]);
      assert.deepEqual(attempts, [first, "2", "3"], agent);
      const { routes } = await ask("taas.affinity.routes", { agentId: agent, limit: 4096 });
      const ofTries = routes.filter(({ openclawAttempt }) => openclawAttempt === "3");
      assert.equal(ofTries.length, 1, agent);
      assert.equal(ofTries[0].taasRequestId, tries.at(-1).routeHeaders["X-Request-Id"]);
    }
  });

  test("routes lists responses and failures, newest first", async () => {
    const { routes, total } = await ask("taas.affinity.routes", { limit: 4096 });
    assert.equal(total, routes.length);
    const times = routes.map(({ capturedAt }) => capturedAt);
    assert.deepEqual(
      times,
      times.toSorted((one, other) => other - one),
    );
    for (const agent of API_AGENTS) {
      const statuses = routes
        .filter(({ agentId }) => agentId === agent)
        .map((route) => route.status);
      assert.ok(statuses.length <= 16, "at most 16 routes for each session");
      const failed = statuses.filter((status) => status !== 200);
      assert.deepEqual(failed, FAILING.statuses.toReversed());
    }
    assert.equal((await ask("taas.affinity.routes", { limit: 2 })).routes.length, 2);
  });
});

describe("tokens and cost of a call equal OpenClaw's own", () => {
  const statusOf = async (agent) => {
    const { agents } = await ask("taas.affinity.status", { agentId: agent });
    const [{ requests, tokens, saved, costUsd }] = agents;
    return { requests, ...tokens, promptCost: saved.usdWithoutCache - saved.usd, costUsd };
  };

  /** The usage in OpenClaw's transcript for the agent's last answer. */
  const recorded = async (agent) => {
    const params = { sessionKey: `agent:${agent}:main`, limit: 3 };
    const { payload } = await gateway.call("chat.history", params);
    const { usage } = payload.messages.findLast(({ role }) => role === "assistant");
    const { input, output, cacheRead, cacheWrite, total } = usage.cost;
    const sum = input + output + cacheRead + cacheWrite;
    return { ...usage, promptCost: ((sum - output) * total) / (sum || 1), total };
  };

  for (const agent of API_AGENTS) {
    for (const [name, form] of Object.entries(USAGE_FORMS[APIS[agent]])) {
      test(`usage in the form "${name}" counts as in OpenClaw over ${APIS[agent]}`, async () => {
        const before = await statusOf(agent);
        usageOf[agent] = form;
        await take(agent, name);
        delete usageOf[agent];
        const after = await statusOf(agent);
        const host = await recorded(agent);
        const found = Object.fromEntries(
          Object.entries(after).map(([key, value]) => [key, value - before[key]]),
        );
        assert.equal(found.requests, 1);
        assert.deepEqual(
          [found.input, found.cached, found.written, found.output],
          [host.input, host.cacheRead, host.cacheWrite, host.output],
        );
        assert.ok(
          Math.abs(found.promptCost - host.promptCost) < 1e-9,
          JSON.stringify([found, host]),
        );
        assert.ok(Math.abs(found.costUsd - host.total) < 1e-9, JSON.stringify([found, host]));
        assert.equal(host.total === 0, name === "no usage", "OpenClaw has a price");
      });
    }
  }
});

describe("a set algorithm", () => {
  for (const agent of API_AGENTS) {
    test(`an algorithm is sent until it is removed, over ${APIS[agent]}`, async () => {
      const sent = async () => {
        const first = taas.requests.length;
        const { ok } = await gateway.turn({ agent, message: "which one?" });
        assert.equal(ok, true, gateway.log());
        return taas.requests[first].headers["x-taas-autorouter-algorithm"];
      };
      await ask("taas.autorouter.setAlgorithm", { agentId: agent, algorithm: "savings_curve" });
      assert.equal(await sent(), "savings_curve");
      await ask("taas.autorouter.setAlgorithm", { agentId: agent, algorithm: null });
      assert.equal(await sent(), undefined);
    });
  }
});

describe("further commands", { concurrency: 2 }, () => {
  describe("answers", { concurrency: 1 }, () => {
    test("algorithm sets, shows and removes an algorithm", async () => {
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

    test("doctor prints every check, and its JSON has no paths, keys or addresses", async () => {
      const person = await command("doctor", "--all");
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

    test("/taas answers about the agent of the chat without a model call", async () => {
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
        said = JSON.stringify(payload.messages).match(
          /ops: answered by sim\/upstream-\d[^"]*/,
        )?.[0];
      }
      assert.match(said ?? "nothing", /of the prompt cached in 2 calls/);
      assert.equal(taas.requests.length, first);
    });
  });

  describe("exit codes", { concurrency: 1 }, () => {
    for (const args of [
      ["nonsense"],
      ["status", "--nope"],
      ["status", "main", "extra"],
      ["route", "--session", "nope"],
    ]) {
      test(`openclaw taas ${args.join(" ")} exits with 2`, async () => {
        const { code, json: answer, stderr } = await command(...args, "--json");
        assert.equal(code, 2, stderr);
        assert.equal(answer.error.code, "INVALID_REQUEST");
      });
    }

    test("an unknown algorithm exits with 2 and names the accepted algorithms", async () => {
      const { code, stdout, stderr } = await command("algorithm", "fastest", "--agent", "main");
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.match(stderr, /fastest/);
      assert.match(stderr, /price_performance/);
    });

    test("a command without a gateway exits with 3 and says how to start the gateway", async () => {
      const { code, stderr } = await command("status", "--url", "ws://127.0.0.1:1", "--token", "x");
      assert.equal(code, 3);
      assert.match(stderr, /the\s+gateway\s+did\s+not\s+answer/);
      assert.match(stderr, /openclaw\s+gateway\s+restart/);
    });
  });
});

test("reading and setting on a gateway without the plugin exit with 3 and say how to enable the plugin", async () => {
  // The command line keeps the plugin. The gateway restarts without the plugin.
  const path = join(gateway.root, "command-line.json");
  const config = JSON.parse(readFileSync(gateway.configPath, "utf8"));
  writeFileSync(path, JSON.stringify(config));
  config.plugins.entries = { "openclaw-taas-affinity": { enabled: false } };
  writeFileSync(gateway.configPath, JSON.stringify(config));
  await gateway.restart();
  const env = { OPENCLAW_CONFIG_PATH: path };
  const commands = [["status"], ["algorithm", "cost", "--agent", "ops"]];
  const [person, ...programs] = await Promise.all([
    gateway.cli(["taas", ...commands[0]], { env }),
    ...commands.map((args) => gateway.cli(["taas", ...args, "--json"], { env })),
  ]);
  for (const { code, json: answer, stdout, stderr } of programs) {
    assert.equal(code, 3, stdout + stderr);
    assert.equal(answer.error.code, "UNKNOWN_METHOD");
    assert.match(answer.error.advice, /openclaw plugins enable openclaw-taas-affinity/);
    assert.match(answer.error.advice, /openclaw gateway restart/);
  }
  assert.equal(person.code, 3);
  assert.match(person.stderr, /the\s+gateway\s+has\s+no\s+method\s+taas\.affinity\.status/);
  assert.doesNotMatch(person.stderr, /scope/);
});

test("the gateway's log has no warning of the plugin", () => {
  assert.equal(gateway.isAlive(), true);
  assert.doesNotMatch(gateway.log(), /taas-affinity: |unhandled|uncaught/i);
});
