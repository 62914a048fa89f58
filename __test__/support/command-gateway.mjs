// A real gateway after ten turns over each API, with failures and retries, for the end-to-end test of `openclaw taas`.

import assert from "node:assert/strict";

import { provider, startGateway } from "../../sim/gateway.mjs";
import { stagePlugin } from "../../sim/stage.mjs";
import { startTaas } from "../../sim/taas.mjs";

/** One agent for each API, which is also the id of the agent's model. */
export const APIS = {
  completions: "openai-completions",
  responses: "openai-responses",
  anthropic: "anthropic-messages",
};
export const API_AGENTS = Object.keys(APIS);
export const TURNS = { completions: 10, responses: 10, anthropic: 10, main: 3 };
export const AGENTS = [...Object.keys(TURNS), "ops"];

const COST = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 };
const TIERS = [
  { range: [0, 100_000], ...COST },
  { range: [100_000], input: 6, output: 22.5, cacheRead: 0.6, cacheWrite: 7.5 },
];

/** TaaS answers this turn of an API's agent with these statuses before it succeeds. */
export const FAILING = { turn: 4, statuses: [429, 503] };

/** Starts TaaS and the gateway, and takes the turns. The caller stops both. */
export async function startWithTurns() {
  /** By agent: the statuses of its next responses. */
  const failing = {};
  const usageOf = {};
  const taas = await startTaas({
    reply: ({ agentId, lastUserText }) => ({
      text: `answer to ${lastUserText.slice(-40)}`,
      usage: usageOf[agentId],
    }),
    fault: ({ agentId }) => {
      const status = failing[agentId]?.shift();
      const headers = { "X-Request-Id": `failed-with-${status}` };
      return status === undefined ? undefined : { status, headers };
    },
  });
  const plugin = stagePlugin();
  const entry = provider(taas.url);
  const model = { ...entry.models[0], cost: { ...COST, tieredPricing: TIERS } };
  const models = ["auto", ...API_AGENTS].map((id) => ({
    ...model,
    id,
    name: id,
    ...(APIS[id] && { api: APIS[id] }),
  }));
  const gateway = await startGateway({
    plugin,
    providers: { cloudsigma: { ...entry, models } },
    agents: AGENTS.map((id) => ({ id, ...(APIS[id] && { model: `cloudsigma/${id}` }) })),
  });

  async function take(agent, turn) {
    if (turn === FAILING.turn) failing[agent] = [...FAILING.statuses];
    const answer = await gateway.turn({ agent, message: `turn ${turn} of ${agent}` });
    assert.equal(answer.ok, true, JSON.stringify(answer) + gateway.log());
  }

  await Promise.all(
    Object.keys(TURNS).map(async (agent) => {
      for (let turn = 0; turn < TURNS[agent]; turn += 1) {
        await take(agent, turn);
      }
    }),
  );
  // Last, so that the newest route is known to be of this agent.
  await take("ops", 0);
  return { taas, gateway, plugin, usageOf, take };
}
