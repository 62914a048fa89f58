// The slots behind the service: which one a request is placed on, and what its cache knows of the
// prompt. The simulated service and the replay of recorded sessions place with this very code.

import { CONFIDENCE, PrefixCache, seededRandom } from "./slots.mjs";

const known = (value) => (typeof value === "string" && value.trim() !== "" ? value : null);

/**
 * Who a request says that it is from. The service trusts only the pair.
 *
 * @param {Record<string, string>} headers by lower-case name
 * @param {object | undefined} metadata the body's
 */
export const identityOf = (headers, metadata) => ({
  sessionId: known(headers["x-session-id"]) ?? known(metadata?.session_id),
  agentId: known(headers["x-openclaw-agent-id"]) ?? known(metadata?.openclaw_correlation?.agent_id),
});

/**
 * What the service can see of a model call when it places it. Keys and ids are anything that a Map
 * tells apart.
 *
 * @typedef {object} Call
 * @property {string | null} sessionId
 * @property {string | null} agentId
 * @property {boolean} isFirstTurn whether nothing has been answered in it yet
 * @property {unknown} frame key of its instructions and tools
 * @property {unknown} conversation key of how it began
 * @property {unknown[]} answeredCalls ids of the tool calls whose results it hands in
 * @property {number} inputTokens
 * @property {number} time
 * @property {{ length: number }} prompt its complete blocks, as `common` compares them
 */

/**
 * @typedef {object} Placed
 * @property {number} slot
 * @property {"pinned" | "drawn" | "recognised" | "guessed"} placed how the slot was found
 * @property {number} knownBlocks how many of the prompt's blocks its cache knew
 */

/**
 * @param {object} options
 * @param {number} options.slots
 * @param {"random" | "guess"} options.anonymous what happens to a call without an identity
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

  /** A session is pinned where there has been least to do, and stays there. */
  function pin(sessionId) {
    if (!slotOfSession.has(sessionId)) {
      slotOfSession.set(sessionId, load.indexOf(Math.min(...load)));
    }
    return slotOfSession.get(sessionId);
  }

  /** Which slot an anonymous call goes to when the service tries to guess. */
  function guess(call) {
    const asked = call.answeredCalls
      .map((id) => slotOfToolCall.get(id))
      .find((slot) => slot !== undefined);
    if (asked !== undefined && random() < CONFIDENCE.toolResult) {
      return { slot: asked, placed: "recognised" };
    }
    // A first turn can be told only by its instructions and tools, later ones by how they began.
    const confidence = call.isFirstTurn ? CONFIDENCE.firstTurn : CONFIDENCE.conversation;
    const pointed = call.isFirstTurn
      ? slotOfFrame.get(call.frame)
      : slotOfConversation.get(call.conversation);
    // One draw decides whether the guess holds, whatever is known, so that the sequence of draws
    // depends on the calls alone.
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
