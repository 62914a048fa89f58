// The cache of one upstream slot, for the simulated service and the replay, with the seeded draws and hashes that make
// every run repeatable.

import { createHash } from "node:crypto";

const CHARS_PER_TOKEN = 4;
export const TOKENS_PER_BLOCK = 64;
/** The default size of a slot's cache in the simulated service, in blocks. */
export const BLOCKS_PER_SLOT = 8192;
const CHARS_PER_BLOCK = CHARS_PER_TOKEN * TOKENS_PER_BLOCK;

/** The probability that the service's guess is right, from its documentation. */
export const CONFIDENCE = Object.freeze({ toolResult: 1, conversation: 0.85, firstTurn: 0.3 });

/** A seeded random generator (mulberry32). Equal seeds give equal draws on every machine. */
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

/** The keys of a prompt's complete blocks. Each key depends on the whole prompt up to the end of its block. */
export function blockKeys(prompt) {
  const keys = [];
  let previous = "";
  for (let end = CHARS_PER_BLOCK; end <= prompt.length; end += CHARS_PER_BLOCK) {
    previous = digest(previous, prompt.slice(end - CHARS_PER_BLOCK, end));
    keys.push(previous);
  }
  return keys;
}

/** The number of leading blocks that two prompts, given as block keys, have in common. */
export function commonKeys(one, other) {
  const most = Math.min(one.length, other.length);
  let common = 0;
  while (common < most && one[common] === other[common]) common += 1;
  return common;
}

/**
 * The prompt cache of one upstream slot. A lookup finds the leading blocks of a prompt. Blocks expire some time after
 * their last use. If there are too many, the least recently used blocks are dropped first.
 *
 * Using a block uses all blocks before it, so a block never outlives those before it. The cache therefore stores runs
 * of blocks: one run for each prompt, with the blocks that no later prompt has used.
 *
 * @template {{ length: number }} Prompt a prompt of `length` blocks
 */
export class PrefixCache {
  /** The runs, each from `start` to `end` of a prompt's blocks, least recently used first. */
  #runs = [];
  #common;
  #limit;
  #keep;

  /**
   * @param {object} options
   * @param {(one: Prompt, other: Prompt) => number} options.common the number of leading blocks that are equal
   * @param {number} [options.limit] the highest number of blocks
   * @param {number} [options.keep] the lifetime of a block after its last use, in the caller's unit
   */
  constructor({ common, limit = Number.POSITIVE_INFINITY, keep = Number.POSITIVE_INFINITY }) {
    this.#common = common;
    this.#limit = limit;
    this.#keep = keep;
  }

  /**
   * Returns the number of leading blocks that are cached, and caches all blocks of the prompt.
   *
   * @param {Prompt} prompt
   * @param {number} now at least the time of the previous lookup
   */
  lookUpAndStore(prompt, now) {
    let known = 0;
    let size = prompt.length;
    const runs = [];
    for (const run of this.#runs) {
      if (now - run.time > this.#keep) continue;
      const common = this.#common(prompt, run.prompt);
      known = Math.max(known, Math.min(common, run.end));
      // The new prompt is now the last user of the common blocks.
      run.start = Math.max(run.start, common);
      if (run.start >= run.end) continue;
      runs.push(run);
      size += run.end - run.start;
    }
    runs.push({ prompt, time: now, start: 0, end: prompt.length });
    this.#runs = runs;
    this.#drop(size - this.#limit);
    return known;
  }

  /** Drops the least recently used blocks, a prompt's last blocks first, because a block needs those before it. */
  #drop(excess) {
    let left = excess;
    while (left > 0) {
      const [run] = this.#runs;
      const dropped = Math.min(left, run.end - run.start);
      run.end -= dropped;
      left -= dropped;
      if (run.start === run.end) this.#runs.shift();
    }
  }
}
