// The plugin on the real OpenClaw gateway, against the simulated TaaS.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { provider, startGateway } from "../../sim/gateway.mjs";
import { stagePlugin } from "../../sim/stage.mjs";
import { startTaas } from "../../sim/taas.mjs";
import { assertIdentity as identityOf, sessionOf } from "../support/identity.mjs";
import { METHOD } from "../support/plugin.mjs";
import { makeTrappedRepository } from "../support/trapped-repository.mjs";

const PLUGIN = "openclaw-taas-affinity";
const APIS = {
  completions: "openai-completions",
  responses: "openai-responses",
  anthropic: "anthropic-messages",
};

const AGENTS = [
  { id: "main" },
  { id: "ops" },
  ...Object.keys(APIS).map((id) => ({ id, model: `cloudsigma/${id}` })),
  { id: "staging", model: "cloudsigma-staging/auto" },
];

/** The simulated model: it does what the last message names. */
function reply(request) {
  if (request.isFollowUp) {
    return "tool done";
  }
  if (/SPAWN/.test(request.lastUserText)) {
    // The host offers its tools by name, or behind one that takes a name.
    const spawn = { task: "do the CHILD thing" };
    return {
      toolCalls: request.toolNames.includes("sessions_spawn")
        ? [{ name: "sessions_spawn", arguments: spawn }]
        : [{ name: "tool_call", arguments: { id: "sessions_spawn", args: spawn } }],
    };
  }
  return `answer to ${request.lastUserText.slice(-40)}`;
}

let taas;
let gateway;
const faults = [];

before(async () => {
  taas = await startTaas({ reply, fault: () => faults.shift() });
  const base = provider(taas.url);
  gateway = await startGateway({
    plugin: stagePlugin(),
    providers: {
      cloudsigma: {
        ...base,
        models: ["auto", ...Object.keys(APIS)].map((id) => ({
          ...base.models[0],
          id,
          name: id,
          ...(APIS[id] && { api: APIS[id] }),
        })),
      },
      "cloudsigma-staging": {
        ...provider(taas.url),
        headers: { "x-OPENCLAW-session-id": "from the configuration" },
      },
    },
    agents: AGENTS,
    env: { OPENCLAW_DEBUG: "1" },
  });
});

after(async () => {
  await gateway?.stop();
  await taas?.close();
});

/** One turn, and the requests that it made. */
async function turn(agent, message, options) {
  const first = taas.requests.length;
  const result = await gateway.turn({ agent, message, ...options });
  return { result, requests: taas.requests.slice(first) };
}

async function ask(params) {
  const answer = await gateway.call(METHOD, params);
  assert.equal(answer.ok, true, JSON.stringify(answer));
  return answer.payload;
}

const assertIdentity = (request, agent) => identityOf(request, agent, gateway.workspaces[agent]);

const pluginLog = () =>
  gateway
    .log()
    .split("\n")
    .filter((line) => line.includes("taas-affinity: "));

describe("requests", () => {
  for (const [agent, api] of Object.entries(APIS)) {
    test(`a call over ${api} is pinned, captured and answered`, async () => {
      const { result, requests } = await turn(agent, `hello over ${api}`);
      assert.equal(result.ok, true, JSON.stringify(result));
      assert.equal(requests.length, 1);
      const [request] = requests;
      assert.equal(request.api, api);
      const session = assertIdentity(request, agent);
      assert.equal(request.body.metadata.requester_runtime.provider, "cloudsigma");
      assert.equal(request.body.metadata.requester_runtime.model_id, agent);
      assert.equal(request.placed, "pinned");
      const turnId = request.headers["x-openclaw-turn-id"];
      if (api === "anthropic-messages") {
        assert.equal(turnId, undefined, "the host gives no turn state over this API");
      } else {
        assert.match(turnId, /^[0-9a-f-]{36}$/);
        assert.equal(request.headers["x-openclaw-attempt"], "1");
      }
      const { sessionId, capture } = await ask({ agentId: agent });
      assert.equal(sessionId, session);
      assert.equal(capture.autorouterModel, `sim/upstream-${request.slot}`);
      assert.equal(capture.taasRequestId, request.routeHeaders["X-Request-Id"]);
      assert.equal(capture.openclawTurnId, turnId ?? null);
      assert.equal(capture.routedContextWindow, 262144);
    });
  }

  test("two agents keep two sessions, each on one slot with a warm cache", async () => {
    const slots = new Map();
    for (let round = 0; round < 3; round += 1) {
      for (const agent of ["main", "ops"]) {
        const { requests } = await turn(agent, `round ${round}`);
        for (const request of requests) {
          assertIdentity(request, agent);
          const key = request.sessionId;
          slots.set(key, (slots.get(key) ?? new Set()).add(request.slot));
          if (round > 0) {
            assert.ok(request.cachedTokens > 0.8 * request.inputTokens, "the cache is warm");
          }
        }
      }
    }
    assert.equal(slots.size, 2);
    for (const used of slots.values()) {
      assert.equal(used.size, 1);
    }
  });

  test("requests carry the repository's hints, and nothing in the workspace is run", async () => {
    const workspace = gateway.workspaces.ops;
    const { git, trap, wasRun } = makeTrappedRepository(workspace, gateway);
    // Hints are sent for two seconds. A verdict that takes longer comes with a later request.
    const runtimeOnce = async (verdict) => {
      let runtime;
      for (let round = 0; round < 10; round += 1) {
        const { requests } = await turn("ops", `look at the repository ${round}`);
        runtime = requests[0].body.metadata.requester_runtime;
        if (runtime.git_dirty_hint === verdict) {
          break;
        }
        await sleep(500);
      }
      return runtime;
    };
    const clean = await runtimeOnce(false);
    assert.equal(clean.repo_name, "ops");
    assert.equal(clean.git_branch_hint, "dev");
    assert.equal(clean.git_dirty_hint, false);

    writeFileSync(join(workspace, "notes.txt"), "two\n");
    const dirty = await runtimeOnce(true);
    assert.equal(dirty.git_dirty_hint, true);

    // Now git would run the traps for its verdict, so there is no verdict.
    writeFileSync(join(workspace, ".gitattributes"), "* filter=trap diff=trap\n");
    git("config", "core.fsmonitor", trap);
    const untold = await runtimeOnce(undefined);
    assert.equal(untold.git_branch_hint, "dev");
    assert.equal("git_dirty_hint" in untold, false);
    assert.equal(wasRun(), false, "nothing in the workspace was run");
  });

  test("a header of the provider's configuration stays", async () => {
    const { result, requests } = await turn("staging", "hello staging");
    assert.equal(result.ok, true, JSON.stringify(result));
    const [{ headers, body }] = requests;
    assert.equal(headers["x-openclaw-session-id"], "from the configuration");
    assert.equal(headers["x-session-id"], sessionOf(gateway.workspaces.staging));
    assert.equal(body.metadata.requester_runtime.provider, "cloudsigma-staging");
  });

  test("a subagent's requests belong to its parent's workspace", async () => {
    const first = taas.requests.length;
    const { result } = await turn("ops", "SPAWN a subagent");
    assert.equal(result.ok, true, JSON.stringify(result));
    const isChild = (request) => /CHILD/.test(request.firstUserText);
    for (let waited = 0; waited < 200; waited += 1) {
      if (taas.requests.slice(first).some((request) => isChild(request) && request.finished)) {
        break;
      }
      await sleep(100);
    }
    const requests = taas.requests.slice(first);
    assert.ok(requests.some(isChild), "the subagent made a request");
    for (const request of requests) {
      assertIdentity(request, "ops");
    }
  });

  test("simple completions share the session of their agent's runs", async () => {
    const first = taas.requests.length;
    const args = ["infer", "model", "run", "--local", "--model", "cloudsigma/auto", "--json"];
    const { code, stdout, stderr } = await gateway.cli([...args, "--prompt", "say hi"]);
    assert.equal(code, 0, stdout + stderr);
    // A subagent's report to its parent may come in between.
    const own = taas.requests.slice(first).filter((request) => /say hi/.test(request.rawBody));
    assert.equal(own.length, 1);
    assertIdentity(own[0], "main");
    assert.match(own[0].headers["x-openclaw-turn-id"], /^[0-9a-f-]{36}$/);
  });

  test("concurrent turns keep their own turn ids and sessions", async () => {
    const first = taas.requests.length;
    const agents = ["main", "ops", "completions", "responses", "anthropic"];
    const turns = Array.from({ length: 10 }, (_, index) => {
      const agent = agents[index % agents.length];
      return gateway.turn({
        agent,
        message: `concurrent ${index}`,
        sessionKey: `agent:${agent}:concurrent-${index}`,
      });
    });
    for (const result of await Promise.all(turns)) {
      assert.equal(result.ok, true, JSON.stringify(result));
    }
    const requests = taas.requests.slice(first);
    assert.equal(requests.length, 10);
    const turnIds = [];
    for (const request of requests) {
      assertIdentity(request, request.headers["x-openclaw-agent-id"]);
      if (request.headers["x-openclaw-turn-id"]) {
        turnIds.push(request.headers["x-openclaw-turn-id"]);
      }
    }
    assert.equal(turnIds.length, 8);
    assert.equal(new Set(turnIds).size, 8);
    for (const agent of agents) {
      const own = requests.filter((request) => request.headers["x-openclaw-agent-id"] === agent);
      const { capture } = await ask({ agentId: agent });
      const captured = own.find(
        (request) => request.routeHeaders["X-Request-Id"] === capture.taasRequestId,
      );
      assert.equal(capture.openclawTurnId, captured.headers["x-openclaw-turn-id"] ?? null);
    }
  });
});

describe("failures of TaaS", () => {
  for (const fault of [
    { status: 429, headers: { "Retry-After": "1" } },
    { status: 503 },
    { reset: true },
    { delayMs: 1500, chunkDelayMs: 50 },
  ]) {
    test(`a call after ${JSON.stringify(fault)} continues and stays pinned`, async () => {
      faults.push(fault);
      const { result, requests } = await turn("main", `after ${JSON.stringify(fault)}`);
      assert.equal(faults.length, 0);
      assert.equal(result.ok, true, JSON.stringify(result));
      for (const request of requests) {
        assertIdentity(request, "main");
      }
      const last = requests.at(-1);
      assert.equal(last.status, 200);
      assert.equal(requests.length > 1, !("delayMs" in fault), "a failed request is retried");
      const { capture } = await ask({ agentId: "main" });
      assert.equal(capture.taasRequestId, last.routeHeaders["X-Request-Id"]);
    });
  }

  test("a connection that is cut inside an answer does not end the gateway", async () => {
    faults.push({ reset: "midstream" });
    await turn("main", "cut");
    const { result } = await turn("main", "and again");
    assert.equal(result.ok, true, JSON.stringify(result));
    assert.equal(gateway.isAlive(), true);
  });
});

describe(METHOD, () => {
  test("lastRoute on the gateway answers by agent, by session, by workspace and without params", async () => {
    await turn("ops", "ask me");
    const { sessionId, capture } = await ask({ agentId: "ops" });
    assert.equal(sessionId, sessionOf(gateway.workspaces.ops));
    assert.deepEqual(await ask({ sessionId }), { sessionId, capture });
    const workspaceDir = `${gateway.workspaces.ops}/x/../`;
    assert.deepEqual(await ask({ workspaceDir }), { sessionId, capture });
    assert.deepEqual(await ask({}), { sessionId, capture });
    const nobody = { agentId: "nobody", sessionId: null, capture: null };
    assert.deepEqual(await ask({ agentId: "nobody" }), nobody);
  });

  test("bad parameters get the host's error for them", async () => {
    for (const [params, named] of [
      [{ agent: "ops" }, '"agent"'],
      [{ agentId: "" }, "agentId"],
      [["ops"], "params must be a JSON object"],
    ]) {
      const { ok, error } = await gateway.call(METHOD, params);
      assert.equal(ok, false);
      assert.equal(error.code, "INVALID_REQUEST");
      assert.ok(error.message.includes(named), error.message);
      assert.match(error.message, /accepted keys: agentId, /);
    }
  });

  test("openclaw gateway call asks lastRoute and fails on bad parameters", async () => {
    const call = (params) =>
      gateway.cli(["gateway", "call", METHOD, "--params", JSON.stringify(params), "--json"]);
    const [good, bad] = await Promise.all([call({ agentId: "ops" }), call({ nonsense: 1 })]);
    assert.equal(good.code, 0, good.stderr);
    assert.equal(good.json.agentId, "ops");
    assert.equal(typeof good.json.capture.autorouterModel, "string");
    assert.equal(bad.code, 1);
    assert.match(bad.stdout + bad.stderr, /nonsense/);
  });

  test("lastRoute answers with the same capture after a reload of the plugin, and calls continue", async () => {
    const { capture } = await ask({ agentId: "ops" });
    const reloaded = await gateway.reloadPlugin(PLUGIN);
    assert.equal(reloaded.ok, true, JSON.stringify(reloaded));
    assert.deepEqual((await ask({ agentId: "ops" })).capture, capture);
    const { result, requests } = await turn("ops", "after the reload");
    assert.equal(result.ok, true, JSON.stringify(result));
    assertIdentity(requests[0], "ops");
    const after = await ask({ agentId: "ops" });
    assert.equal(after.capture.taasRequestId, requests.at(-1).routeHeaders["X-Request-Id"]);
  });
});

describe("the host's view", () => {
  test("plugins inspect shows the provider hook and the gateway method", async () => {
    const { code, json } = await gateway.cli(["plugins", "inspect", PLUGIN, "--runtime", "--json"]);
    assert.equal(code, 0);
    assert.deepEqual([...json.gatewayMethods].sort(), [
      "taas.affinity.lastRoute",
      "taas.affinity.routes",
      "taas.affinity.status",
      METHOD,
      "taas.autorouter.setAlgorithm",
    ]);
    assert.deepEqual(json.capabilities, [
      {
        kind: "text-inference",
        ids: ["cloudsigma", "cloudsigma-staging", "taas-affinity"],
      },
    ]);
    assert.deepEqual(
      json.diagnostics.filter(({ level }) => level === "error"),
      [],
    );
  });

  test("the log has a line for each request and each capture, and no warning of the plugin", () => {
    const lines = pluginLog();
    // Lines of a child process, such as the command line's, are not in the gateway's log.
    const isGateways = ({ agentId, rawBody }) => agentId !== null && !rawBody.includes("say hi");
    const requests = taas.requests.filter(isGateways);
    const count = (kind) => lines.filter((line) => line.includes(`taas-affinity: ${kind} `)).length;
    assert.ok(count("request") >= requests.length, `${count("request")} of ${requests.length}`);
    const served = requests.filter(({ status }) => status === 200);
    assert.ok(count("capture") >= served.length, `${count("capture")} of ${served.length}`);
    assert.equal(lines.length, count("request") + count("capture"), lines.join("\n"));
    for (const agent of ["main", "ops"]) {
      const session = sessionOf(gateway.workspaces[agent]);
      const line = `request session=${session} source=workspaceDir agent=${agent}`;
      assert.ok(lines.some((text) => text.includes(line)));
    }
  });
});

test("the gateway is alive at the end", () => {
  assert.equal(gateway.isAlive(), true);
  assert.doesNotMatch(gateway.log(), /unhandled|uncaught/i);
});
