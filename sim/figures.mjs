// The figures that the demo and the replay share.

/** The price of a cached token, as a share of the price of an uncached token. */
export const CACHED_TOKEN_PRICE = 0.1;

/** The cost of the input, as a share of its cost without caching. */
export const relativeCost = (inputTokens, cachedTokens) =>
  (inputTokens - cachedTokens * (1 - CACHED_TOKEN_PRICE)) / inputTokens;

export const round = (value) => Math.round(value * 1e4) / 1e4;

export const percent = (value) => `${(value * 100).toFixed(1)} %`;

export const percentRange = (value, min, max) =>
  `${percent(value)} (${(min * 100).toFixed(1)}–${(max * 100).toFixed(1)})`;

/**
 * The median and range of an odd number of values.
 *
 * @param {number[]} values
 */
export function spread(values) {
  const sorted = values.toSorted((one, other) => one - other);
  return { median: sorted[sorted.length >> 1], min: sorted[0], max: sorted.at(-1) };
}
