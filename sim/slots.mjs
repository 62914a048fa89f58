// The cache of one upstream slot, the same blocks for the simulated service and for the replay, and the
// seeded draws and hashes that make every run repeatable.

import { createHash } from "node:crypto";

const CHARS_PER_TOKEN = 4;
export const TOKENS_PER_BLOCK = 64;
const CHARS_PER_BLOCK = CHARS_PER_TOKEN * TOKENS_PER_BLOCK;

/** How sure the service's guess is, as its documentation gives it. */
export const CONFIDENCE = Object.freeze({ toolResult: 1, conversation: 0.85, firstTurn: 0.3 });

/** A small seeded generator (mulberry32): the same seed gives the same draws on every machine. */
export function seededRandom(seed) {
  let state = createHash("sha256").update(String(seed)).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const digest = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex").slice(0, 16);
};

export const estimateTokens = (text) => Math.ceil(text.length / CHARS_PER_TOKEN);

/** The keys of a prompt's complete blocks; each key stands for the whole prompt up to its block. */
export function blockKeys(prompt) {
  const keys = [];
  let previous = "";
  for (let end = CHARS_PER_BLOCK; end <= prompt.length; end += CHARS_PER_BLOCK) {
    previous = digest(previous, prompt.slice(end - CHARS_PER_BLOCK, end));
    keys.push(previous);
  }
  return keys;
}

/** One upstream slot's prompt cache. A Map keeps insertion order, which makes it the LRU list. */
export class PrefixCache {
  #blocks = new Map();
  #limit;

  constructor(limit) {
    this.#limit = limit;
  }

  /** How many leading blocks are known; afterwards all of them are. */
  lookUpAndStore(keys) {
    let known = 0;
    while (known < keys.length && this.#blocks.has(keys[known])) known += 1;
    // From the last to the first, so that a prompt's head is the freshest and outlives its tail:
    // a tail without its head could never be found again.
    for (const key of keys.toReversed()) {
      this.#blocks.delete(key);
      this.#blocks.set(key, true);
    }
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= this.#limit) break;
      this.#blocks.delete(oldest);
    }
    return known;
  }
}
