// What is said of requests that went over the slots, in the same words by the demo and the replay.

/** What a cached token costs, as a share of the price of one that is not cached. */
export const CACHED_TOKEN_PRICE = 0.1;

/** What input costs, as a share of what it would cost without any cache. */
export const relativeCost = (inputTokens, cachedTokens) =>
  (inputTokens - cachedTokens * (1 - CACHED_TOKEN_PRICE)) / inputTokens;

export const round = (value) => Math.round(value * 1e4) / 1e4;

export const percent = (value) => `${(value * 100).toFixed(1)} %`;

export const percentRange = (value, min, max) =>
  `${percent(value)} (${(min * 100).toFixed(1)}–${(max * 100).toFixed(1)})`;

/**
 * The middle one of an odd number of draws, and how far the others lie apart.
 *
 * @param {number[]} values
 */
export function spread(values) {
  const sorted = values.toSorted((one, other) => one - other);
  return { median: sorted[sorted.length >> 1], min: sorted[0], max: sorted.at(-1) };
}
