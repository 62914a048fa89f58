// The slots behind the service: places a request on a slot, and looks its prompt up in the slot's cache. The simulated
// service and the replay of recorded sessions both use this code.

import { CONFIDENCE, PrefixCache, seededRandom } from "./slots.mjs";

const known = (value) => (typeof value === "string" && value.trim() !== "" ? value : null);

/**
 * The identity in a request. The service trusts only the pair of session id and agent id.
 *
 * @param {Record<string, string>} headers by lower-case name
 * @param {object | undefined} metadata of the body
 */
export const identityOf = (headers, metadata) => ({
  sessionId: known(headers["x-session-id"]) ?? known(metadata?.session_id),
  agentId: known(headers["x-openclaw-agent-id"]) ?? known(metadata?.openclaw_correlation?.agent_id),
});

/**
 * The facts that the service has when it places a model call. A key or id may be any key of a Map.
 *
 * @typedef {object} Call
 * @property {string | null} sessionId
 * @property {string | null} agentId
 * @property {boolean} isFirstTurn whether the conversation has no answer yet
 * @property {unknown} frame key of the instructions and tools
 * @property {unknown} conversation key of the conversation's beginning
 * @property {unknown[]} answeredCalls ids of the tool calls whose results are in the request
 * @property {number} inputTokens
 * @property {number} time
 * @property {{ length: number }} prompt the complete blocks, in the form that `common` compares
 */

/**
 * @typedef {object} Placed
 * @property {number} slot
 * @property {"pinned" | "drawn" | "recognised" | "guessed"} placed how the slot was chosen
 * @property {number} knownBlocks the number of the prompt's blocks that the slot had cached
 */

/**
 * @param {object} options
 * @param {number} options.slots
 * @param {"random" | "guess"} options.anonymous how a call without an identity gets its slot
 * @param {string | number} options.seed equal seeds and equal calls give equal draws
 * @param {(one: object, other: object) => number} options.common see {@link PrefixCache}
 * @param {number} [options.blocksPerSlot] see {@link PrefixCache}
 * @param {number} [options.keep] see {@link PrefixCache}; in the unit of `Call.time`
 */
export function createUpstream({ slots, anonymous, seed, common, blocksPerSlot, keep }) {
  const random = seededRandom(seed);
  const draw = () => Math.floor(random() * slots);
  const caches = Array.from(
    { length: slots },
    () => new PrefixCache({ common, limit: blocksPerSlot, keep }),
  );
  /** Input tokens of each slot so far. */
  const load = new Array(slots).fill(0);
  const slotOfSession = new Map();
  const slotOfToolCall = new Map();
  const slotOfFrame = new Map();
  const slotOfConversation = new Map();

  /** A new session is pinned to the slot with the fewest input tokens, and stays there. */
  function pin(sessionId) {
    if (!slotOfSession.has(sessionId)) {
      slotOfSession.set(sessionId, load.indexOf(Math.min(...load)));
    }
    return slotOfSession.get(sessionId);
  }

  /** The slot of an anonymous call if the service guesses. */
  function guess(call) {
    const asked = call.answeredCalls
      .map((id) => slotOfToolCall.get(id))
      .find((slot) => slot !== undefined);
    if (asked !== undefined && random() < CONFIDENCE.toolResult) {
      return { slot: asked, placed: "recognised" };
    }
    // A first turn is recognised only by instructions and tools, a later turn by the conversation's beginning.
    const confidence = call.isFirstTurn ? CONFIDENCE.firstTurn : CONFIDENCE.conversation;
    const pointed = call.isFirstTurn
      ? slotOfFrame.get(call.frame)
      : slotOfConversation.get(call.conversation);
    // Each call draws once, even if the draw is not needed, so that the sequence of draws depends only on the calls.
    const holds = random() < confidence;
    if (holds && pointed !== undefined) return { slot: pointed, placed: "guessed" };
    return { slot: draw(), placed: "drawn" };
  }

  function place(call) {
    if (call.sessionId !== null && call.agentId !== null) {
      return { slot: pin(call.sessionId), placed: "pinned" };
    }
    return anonymous === "guess" ? guess(call) : { slot: draw(), placed: "drawn" };
  }

  return {
    /**
     * @param {Call} call
     * @returns {Placed}
     */
    serve(call) {
      const { slot, placed } = place(call);
      load[slot] += call.inputTokens;
      slotOfFrame.set(call.frame, slot);
      slotOfConversation.set(call.conversation, slot);
      return { slot, placed, knownBlocks: caches[slot].lookUpAndStore(call.prompt, call.time) };
    },
    /** Remembers that an answer from `slot` asked for a tool. */
    askedForTool(id, slot) {
      slotOfToolCall.set(id, slot);
    },
  };
}
