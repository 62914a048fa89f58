// What the simulated service would have counted with another seed, without asking anybody again.

import { BLOCKS_PER_SLOT, commonKeys, TOKENS_PER_BLOCK } from "./slots.mjs";
import { createUpstream } from "./upstream.mjs";

/**
 * The same requests over fresh slots, with the draws of a seed; that of the run itself gives what the
 * run has counted. Ids of tool calls depend on the seed, and are part of prompts; but they only have to be equal
 * where they were, and have one length, so those that were issued serve for every seed.
 *
 * @param {import("./taas.mjs").TaasRequest[]} requests  In the order in which they came, one at a time.
 * @param {{slots: number, anonymous: "random" | "guess", seed: string | number, blocksPerSlot?: number}} options
 * @returns {import("./taas.mjs").TaasRequest[]}
 */
export function redraw(requests, { blocksPerSlot = BLOCKS_PER_SLOT, ...options }) {
  const upstream = createUpstream({ ...options, blocksPerSlot, common: commonKeys });
  return requests
    .filter((request) => request.call !== null)
    .map((request) => {
      const { slot, placed, knownBlocks } = upstream.serve(request.call);
      for (const id of request.issuedCalls) upstream.askedForTool(id, slot);
      return { ...request, slot, placed, cachedTokens: knownBlocks * TOKENS_PER_BLOCK };
    });
}
