// How often a request has been sent. The host says attempt 1 for each of its own retries, but gives the same
// `requestId` again.

// A retry may come to another copy of this module.
const SENT = Symbol.for("openclaw-taas-affinity.sent");
globalThis[SENT] ??= { young: new Map(), old: new Map() };
const sent = globalThis[SENT];

/**
 * How many requests are remembered for certain, those that came last; at most twice as many. A gateway with a thousand
 * requests in flight sends many others while one of them waits to be sent again. Together they take a megabyte or two.
 */
const LIMIT = 2048;

/** A longer id is none of the host's. */
const LENGTH_LIMIT = 256;

/**
 * Counts a request, and says for the how manieth time it is sent now.
 *
 * @param {unknown} requestId
 * @returns {number} 1 where there is no id to know it by
 */
export function timesSent(requestId) {
  if (typeof requestId !== "string" || requestId === "" || requestId.length > LENGTH_LIMIT) {
    return 1;
  }
  const times = (sent.young.get(requestId) ?? sent.old.get(requestId) ?? 0) + 1;
  // The old ones go at once, since taking one after the other out of a map makes it slow.
  if (sent.young.size >= LIMIT) {
    sent.old = sent.young;
    sent.young = new Map();
  }
  sent.young.set(requestId, times);
  return times;
}
