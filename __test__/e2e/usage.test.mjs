// What the gateway counts is what TaaS counted: ten turns over each API, failures, attempts and choices.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { provider, startGateway } from "../../sim/gateway.mjs";
import { stagePlugin } from "../../sim/stage.mjs";
import { startTaas } from "../../sim/taas.mjs";
import { sessionOf } from "../support/identity.mjs";

const APIS = {
  completions: "openai-completions",
  responses: "openai-responses",
  anthropic: "anthropic-messages",
};
const AGENTS = Object.keys(APIS);
const TURNS = 10;

/** In which turn TaaS is out of sorts: so many answers fail before one succeeds. */
const FAILING = { turn: 4, times: 2, status: 429 };

let taas;
let gateway;
/** How many answers of an agent are to fail yet. */
const failing = {};

before(async () => {
  taas = await startTaas({
    reply: ({ lastUserText }) => `answer to ${lastUserText.slice(-40)}`,
    fault: ({ agentId }) => {
      if (!failing[agentId]) return undefined;
      failing[agentId] -= 1;
      return { status: FAILING.status };
    },
  });
  const [model] = provider(taas.url).models;
  gateway = await startGateway({
    plugin: stagePlugin(),
    providers: {
      cloudsigma: {
        ...provider(taas.url),
        models: AGENTS.map((id) => ({ ...model, id, name: id, api: APIS[id] })),
      },
    },
    agents: AGENTS.map((id) => ({ id, model: `cloudsigma/${id}` })),
  });
  await Promise.all(
    AGENTS.map(async (agent) => {
      for (let turn = 0; turn < TURNS; turn += 1) {
        if (turn === FAILING.turn) failing[agent] = FAILING.times;
        const answer = await gateway.turn({ agent, message: `turn ${turn} of ${agent}` });
        assert.equal(answer.ok, true, JSON.stringify(answer) + gateway.log());
      }
    }),
  );
});
after(async () => {
  await gateway?.stop();
  await taas?.close();
});

async function ask(method, params = {}) {
  const answer = await gateway.call(method, params);
  assert.equal(answer.ok, true, JSON.stringify(answer.error));
  return answer.payload;
}

/** What TaaS counted, of an agent or of all. */
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

const told = ({ requests, failures, tokens: { input, cached, written, output } }) => ({
  requests,
  failures,
  prompt: input + cached + written,
  cached,
  output,
});

test("`openclaw taas status` shows the tokens that TaaS counted, exactly", async () => {
  const { json, code, stderr } = await gateway.cli(["taas", "status", "--json"]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(told(json.totals), counted());
  for (const agent of AGENTS) {
    const row = json.agents.find(({ agentId }) => agentId === agent);
    assert.deepEqual(told(row), counted(agent), agent);
    assert.equal(row.sessionId, sessionOf(gateway.workspaces[agent]));
    assert.equal(row.source, "workspaceDir");
    assert.match(row.model, /^sim\/upstream-\d$/);
    assert.ok(row.requests >= TURNS && row.hitRate > 0.5 && row.hitRate <= 1, agent);
    assert.deepEqual(row.failuresByStatus, { [FAILING.status]: FAILING.times });
    const session = json.sessions.find(({ sessionId }) => sessionId === row.sessionId);
    assert.deepEqual(told(session), counted(agent), agent);
  }
});

test("attempts count up where the host says one for each", async () => {
  for (const agent of AGENTS) {
    const [failed] = taas.requests.filter(
      ({ agentId, status }) => agentId === agent && status === FAILING.status,
    );
    const tries = taas.requests
      .filter(({ agentId, index }) => agentId === agent && index >= failed.index)
      .slice(0, FAILING.times + 1);
    const first = agent === "anthropic" ? undefined : "1";
    const attempts = tries.map(({ headers }) => headers["x-openclaw-attempt"]);
    assert.deepEqual(attempts, [first, "2", "3"], agent);
    const { routes } = await ask("taas.affinity.routes", { agentId: agent, limit: 4096 });
    const ofTries = routes.filter(({ openclawAttempt }) => openclawAttempt === "3");
    assert.equal(ofTries.length, 1, agent);
    assert.equal(ofTries[0].taasRequestId, tries.at(-1).routeHeaders["X-Request-Id"]);
  }
});

test("routes are the newest first, with the failures among them", async () => {
  const { routes, total } = await ask("taas.affinity.routes", { limit: 4096 });
  assert.equal(total, routes.length);
  const times = routes.map(({ capturedAt }) => capturedAt);
  assert.deepEqual(
    times,
    times.toSorted((one, other) => other - one),
  );
  for (const agent of AGENTS) {
    const statuses = routes.filter(({ agentId }) => agentId === agent).map((route) => route.status);
    assert.ok(statuses.length <= 16, "16 of a session");
    assert.equal(statuses.filter((status) => status === FAILING.status).length, FAILING.times);
  }
  assert.equal((await ask("taas.affinity.routes", { limit: 2 })).routes.length, 2);
});

describe("an algorithm", () => {
  for (const agent of AGENTS) {
    test(`is sent while it is chosen, over ${APIS[agent]}`, async () => {
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
