// How often a request has been sent. The host says attempt 1 for each of its own retries, but gives the same
// `requestId` again.

// A retry may come to another copy of this module.
const SENT = Symbol.for("openclaw-taas-affinity.sent");

/** How many requests are remembered: those sent last. */
const LIMIT = 1024;

/**
 * Counts a request, and says for the how manieth time it is sent now.
 *
 * @param {unknown} requestId
 * @returns {number} 1 where there is no id to know it by
 */
export function timesSent(requestId) {
  if (typeof requestId !== "string" || requestId === "" || requestId.length > LIMIT) {
    return 1;
  }
  globalThis[SENT] ??= new Map();
  /** @type {Map<string, number>} the one that was sent last is the last */
  const sent = globalThis[SENT];
  const times = (sent.get(requestId) ?? 0) + 1;
  sent.delete(requestId);
  sent.set(requestId, times);
  if (sent.size > LIMIT) {
    sent.delete(sent.keys().next().value);
  }
  return times;
}
