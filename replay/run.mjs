// Sends the recorded calls, in order of time, to the slots of the demo's model.

import { join } from "node:path";

import { relativeCost } from "../sim/figures.mjs";
import { seededRandom } from "../sim/slots.mjs";
import { createUpstream, identityOf } from "../sim/upstream.mjs";
import { commonBlocks } from "./sessions.mjs";
import { send } from "./wire.mjs";

/** Sessions begin at random times within these seconds. */
const DAY_SECONDS = 8 * 3600;

/**
 * The ways in which a request gets its slot. With `agents`, the plugin sends identities, and that many agents share the
 * sessions in turn. Without `agents`, the requests have no identity. The recordings do not say whether a request has
 * tool results, so the guess runs twice: with no such request, and with all but first requests.
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

/** The requests of all sessions in order of time. Each session begins at a random time. */
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

function contextOf(agent) {
  const agentId = `agent-${agent + 1}`;
  const home = join("/", "replay");
  return {
    agentId,
    agentDir: join(home, "agents", agentId, "agent"),
    workspaceDir: join(home, `workspace-${agentId}`),
  };
}

/** The calls as the service sees them. Identities come only from headers and body. */
export async function callsOf(events, way, provider) {
  const calls = [];
  for (const { time, request, turn } of events) {
    const identity = { sessionId: null, agentId: null };
    if (way.agents !== undefined) {
      const { headers, body } = await send(provider, contextOf(turn % way.agents));
      Object.assign(identity, identityOf(headers, body.metadata));
    }
    const { parent, root } = request;
    calls.push({
      ...identity,
      isFirstTurn: parent === null,
      // All sessions are recordings of one program, so their prompts start with the same text.
      frame: "recorded",
      conversation: root,
      // The parent request takes the place of the tool-call ids that its response issued.
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
