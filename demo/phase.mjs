// One phase of the demo: a simulated TaaS, the real gateway, and the two conversations.

import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { CACHED_TOKEN_PRICE } from "../sim/figures.mjs";
import { provider, startGateway } from "../sim/gateway.mjs";
import { commitAll } from "../sim/git.mjs";
import { startTaas } from "../sim/taas.mjs";
import { AGENTS, reply, workspaceFiles } from "./conversations.mjs";

export const SLOTS = 8;
/** One seed for all phases, so that a plugin without effect gives the same figures as no plugin. */
export const SEED = "demo";
/** US dollars for a million tokens. Writing to the cache costs nothing extra, as in the cost that the report shows. */
const PRICES = {
  input: 3,
  output: 15,
  cacheRead: 3 * CACHED_TOKEN_PRICE,
  cacheWrite: 3,
};
export const TURNS = AGENTS[0].says.length;

/**
 * Starts TaaS and the gateway for a phase. The caller stops both.
 *
 * @param {object} phase
 * @param {string | null} phase.plugin  Directory of the plugin, or null for none.
 * @param {"random" | "guess"} phase.anonymous  How TaaS places a request without identity.
 * @param {boolean} phase.repositories  Whether the workspaces are git repositories.
 */
export async function prepare({ plugin, anonymous, repositories }) {
  const taas = await startTaas({ slots: SLOTS, seed: SEED, anonymous, reply });
  const entry = provider(taas.url);
  entry.models[0].cost = PRICES;
  const gateway = await startGateway({
    plugin,
    providers: { cloudsigma: entry },
    agents: AGENTS.map(({ id }) => ({ id })),
  });
  for (const agent of AGENTS) fill(gateway.workspaces[agent.id], agent, repositories);
  return { taas, gateway };
}

function fill(workspace, agent, isRepository) {
  for (const [path, text] of Object.entries(workspaceFiles(agent))) {
    const file = join(workspace, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  if (isRepository) commitAll(workspace, agent.branch);
  for (const [path, text] of Object.entries(agent.uncommitted)) {
    appendFileSync(join(workspace, path), text);
  }
}

/**
 * Sends one request at a time, because the draws depend on the order. Each agent takes half of its turns in a row,
 * because the host reopens an agent's database after a turn of another agent, which takes longer than a turn.
 *
 * @param {Awaited<ReturnType<typeof startGateway>>} gateway
 * @param {(agent: string, turn: number) => void} [onTurn]
 */
export async function converse(gateway, onTurn = () => {}) {
  const half = Math.ceil(TURNS / 2);
  for (const [from, to] of [
    [0, half],
    [half, TURNS],
  ]) {
    for (const agent of AGENTS) await speak(gateway, agent, from, to, onTurn);
  }
}

async function speak(gateway, agent, from, to, onTurn) {
  for (let turn = from; turn < to; turn += 1) {
    onTurn(agent.id, turn + 1);
    const result = await gateway.turn({ agent: agent.id, message: agent.says[turn] });
    if (!result.ok) {
      const reason = JSON.stringify(result.error ?? result.payload);
      throw new Error(`turn ${turn + 1} of ${agent.id} failed: ${reason}\n${gateway.log()}`);
    }
  }
}
