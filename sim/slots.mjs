// The cache of one upstream slot, the same for the simulated service, which feeds it with text, and for
// the replay, which feeds it with identities of blocks; and the seeded draws and hashes that make every
// run repeatable.

import { createHash } from "node:crypto";

const CHARS_PER_TOKEN = 4;
export const TOKENS_PER_BLOCK = 64;
/** How many blocks the simulated service's slots have room for, unless told otherwise. */
export const BLOCKS_PER_SLOT = 8192;
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

/** How many leading blocks two prompts have in common, each given as its blocks' keys. */
export function commonKeys(one, other) {
  const most = Math.min(one.length, other.length);
  let common = 0;
  while (common < most && one[common] === other[common]) common += 1;
  return common;
}

/**
 * One upstream slot's prompt cache: blocks that are found from a prompt's head on, dropped when they
 * have not been used for a while, and where there are too many of them, the least recently used first.
 *
 * Who uses a block uses all blocks before it, so what a prompt was the last to use is one run of its
 * blocks, and a block never outlives those before it. So runs are kept, not blocks: one for each prompt
 * that nobody has continued yet.
 *
 * @template {{ length: number }} Prompt its blocks, `length` of them
 */
export class PrefixCache {
  /** Runs from `start` to `end` of a prompt's blocks, the least recently used first. */
  #runs = [];
  #common;
  #limit;
  #keep;

  /**
   * @param {object} options
   * @param {(one: Prompt, other: Prompt) => number} options.common how many leading blocks are the same
   * @param {number} [options.limit] how many blocks there is room for
   * @param {number} [options.keep] how long a block is kept after its last use, in the caller's unit
   */
  constructor({ common, limit = Number.POSITIVE_INFINITY, keep = Number.POSITIVE_INFINITY }) {
    this.#common = common;
    this.#limit = limit;
    this.#keep = keep;
  }

  /**
   * How many leading blocks are known; afterwards all of them are.
   *
   * @param {Prompt} prompt
   * @param {number} now never earlier than the last time
   */
  lookUpAndStore(prompt, now) {
    let known = 0;
    let size = prompt.length;
    const runs = [];
    for (const run of this.#runs) {
      if (now - run.time > this.#keep) continue;
      const common = this.#common(prompt, run.prompt);
      known = Math.max(known, Math.min(common, run.end));
      // What is in common is the new prompt's from now on.
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

  /** Drops the least recently used blocks, of a prompt the last first: none is found without its head. */
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
