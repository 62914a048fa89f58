// Medians, quartiles, and the clock of the event loop.

import { performance } from "node:perf_hooks";

/** The value below which `share` of `values` lie; `values` is sorted in place. */
export function quantile(values, share) {
  const sorted = values.sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

export const median = (values) => quantile([...values], 0.5);

/** Median and quartiles of `values`. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    q1: quantile(sorted, 0.25),
    q3: quantile(sorted, 0.75),
    runs: sorted.length,
  };
}

const { nodeTiming } = performance;

/** Milliseconds that the event loop has been busy: a time of waiting is none of the loop's. */
export const busy = () => performance.now() - nodeTiming.idleTime;

/** Resident memory in bytes, without what only waits to be collected; needs --expose-gc. */
export async function resident() {
  for (let round = 0; round < 5; round += 1) {
    globalThis.gc();
    await turnOfLoop();
  }
  return process.memoryUsage.rss();
}

export const turnOfLoop = () => new Promise((resolve) => setImmediate(resolve));
