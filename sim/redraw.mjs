// Computes the figures of a recorded run with another seed, without new requests.

import { BLOCKS_PER_SLOT, commonKeys, TOKENS_PER_BLOCK } from "./slots.mjs";
import { createUpstream } from "./upstream.mjs";

/**
 * Sends the same requests to fresh slots, with the draws of `seed`. The seed of the run gives the figures of the run.
 * Prompts contain ids of tool calls, which depend on the seed. The ids of the run serve for every seed, because all ids
 * have the same length.
 *
 * @param {import("./taas.mjs").TaasRequest[]} requests  In order of arrival, one at a time.
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
