// The recorded calls, in the order in which they come, over the slots of the demo's model.

import { join } from "node:path";

import { relativeCost } from "../sim/figures.mjs";
import { seededRandom } from "../sim/slots.mjs";
import { createUpstream, identityOf } from "../sim/upstream.mjs";
import { commonBlocks } from "./sessions.mjs";
import { send } from "./wire.mjs";

/** Sessions begin at random within this time. */
const DAY_SECONDS = 8 * 3600;

/**
 * How the requests of sessions come to a slot. `agents` of them share the sessions out, in turn;
 * without, the plugin is left out and the service is on its own. Whether a request hands in results
 * of tools is not recorded, so the guess is made twice: as if none did, and as if all but first ones did.
 */
export const WAYS = [
  { key: "drawn", title: "no identity, slot drawn", anonymous: "random" },
  { key: "guessed", title: "no identity, guessed by the beginning", anonymous: "guess" },
  {
    key: "recognised",
    title: "no identity, guessed by tool results",
    anonymous: "guess",
    toolResults: true,
  },
  { key: "workspace-1", title: "by workspace, 1 agent", anonymous: "random", agents: 1 },
  { key: "workspace-4", title: "by workspace, 4 agents", anonymous: "random", agents: 4 },
  { key: "workspace-16", title: "by workspace, 16 agents", anonymous: "random", agents: 16 },
  // Each session gets its own workspace, which gives the same pins as the setting affinity: "conversation".
  {
    key: "conversation",
    title: "by conversation",
    anonymous: "random",
    agents: Number.POSITIVE_INFINITY,
  },
];

/** All requests of all sessions, each session begun at random: `[seconds, request, session's turn]`. */
export function schedule(sessions, seed) {
  const random = seededRandom(`${seed}: begin`);
  const begun = sessions
    .map((session) => ({ session, begin: random() * DAY_SECONDS }))
    .sort((one, other) => one.begin - other.begin);
  return begun
    .flatMap(({ session, begin }, turn) =>
      session.requests.map((request) => ({ time: begin + request.time, request, turn })),
    )
    .sort((one, other) => one.time - other.time);
}

function ownerOf(agent) {
  const agentId = `agent-${agent + 1}`;
  const home = join("/", "replay");
  return {
    agentId,
    agentDir: join(home, "agents", agentId, "agent"),
    workspaceDir: join(home, `workspace-${agentId}`),
  };
}

/** What the service sees of each request; of identity only what is in its headers and its body. */
export async function callsOf(events, way, provider) {
  const calls = [];
  for (const { time, request, turn } of events) {
    const identity = { sessionId: null, agentId: null };
    if (way.agents !== undefined) {
      const { headers, body } = await send(provider, ownerOf(turn % way.agents));
      Object.assign(identity, identityOf(headers, body.metadata));
    }
    const { parent, root } = request;
    calls.push({
      ...identity,
      isFirstTurn: parent === null,
      // All sessions are of one program, whose instructions and tools begin alike.
      frame: "recorded",
      conversation: root,
      // A request that answered with tool calls stands for the ids of those.
      answeredCalls: way.toolResults && parent !== null ? [parent] : [],
      inputTokens: request.inputTokens,
      time,
      prompt: request,
    });
  }
  return calls;
}

/**
 * @param {import("../sim/upstream.mjs").Call[]} calls
 * @param {{ slots: number, keep: number, anonymous: "random" | "guess", seed: string, block: number,
 *   blocksPerSlot?: number, toolResults?: boolean }} options `keep` in seconds, `block` in tokens
 */
export function replay(calls, { block, toolResults = false, ...options }) {
  const upstream = createUpstream({ ...options, common: commonBlocks });
  const load = new Array(options.slots).fill(0);
  const all = { input: 0, cached: 0 };
  const first = { input: 0, cached: 0 };
  for (const call of calls) {
    const { slot, knownBlocks } = upstream.serve(call);
    if (toolResults) upstream.askedForTool(call.prompt, slot);
    all.input += call.inputTokens;
    all.cached += knownBlocks * block;
    if (call.prompt.index === 0) {
      first.input += call.inputTokens;
      first.cached += knownBlocks * block;
    }
    load[slot] += call.inputTokens;
  }
  return {
    hitRate: all.cached / all.input,
    cost: relativeCost(all.input, all.cached),
    firstHitRate: first.cached / first.input,
    load: Math.max(...load) / (all.input / options.slots),
  };
}
