// The slots and their caches, on which the simulated service, the demo and the replay all stand.

import assert from "node:assert/strict";
import { test } from "node:test";

import { medianDraw } from "../demo/report.mjs";
import { redraw } from "../sim/redraw.mjs";
import { commonKeys, PrefixCache, seededRandom } from "../sim/slots.mjs";
import { startTaas } from "../sim/taas.mjs";
import { createUpstream } from "../sim/upstream.mjs";

/** The cache as anybody would write it down: block by block. */
class PlainCache {
  #lastUse = new Map();

  constructor({ limit = Number.POSITIVE_INFINITY, keep = Number.POSITIVE_INFINITY }) {
    Object.assign(this, { limit, keep });
  }

  lookUpAndStore(keys, now) {
    for (const [key, time] of this.#lastUse) if (now - time > this.keep) this.#lastUse.delete(key);
    let known = 0;
    while (known < keys.length && this.#lastUse.has(keys[known])) known += 1;
    // From the last to the first: a prompt's head is the freshest, and the Map's order is that of use.
    for (const key of keys.toReversed()) {
      this.#lastUse.delete(key);
      this.#lastUse.set(key, now);
    }
    for (const oldest of this.#lastUse.keys()) {
      if (this.#lastUse.size <= this.limit) break;
      this.#lastUse.delete(oldest);
    }
    return known;
  }
}

for (const options of [{}, { keep: 7 }, { limit: 30 }, { limit: 45, keep: 12 }]) {
  test(`a cache of runs finds the same prefixes as a cache of blocks with ${JSON.stringify(options)}`, () => {
    for (let seed = 0; seed < 30; seed += 1) {
      const random = seededRandom(seed);
      const below = (bound) => Math.floor(random() * bound);
      const cache = new PrefixCache({ ...options, common: commonKeys });
      const plain = new PlainCache(options);
      const prompts = [[]];
      let now = 0;
      for (let step = 0; step < 120; step += 1) {
        // Continues one of the last prompts, cut short or not; now and then it begins anew.
        const before = random() < 0.15 ? [] : (prompts[prompts.length - 1 - below(4)] ?? []);
        const kept = before.slice(0, random() < 0.6 ? before.length : below(before.length + 1));
        const fresh = Array.from({ length: below(9) }, (_, at) => `${step}.${at}`);
        const keys = [...kept, ...fresh].slice(0, 60);
        prompts.push(keys);
        now += below(4);
        const expected = plain.lookUpAndStore(keys, now);
        assert.equal(cache.lookUpAndStore(keys, now), expected, `seed ${seed}, step ${step}`);
      }
    }
  });
}

test("a session is pinned to the slot with the least input and stays there", () => {
  const upstream = createUpstream({
    slots: 3,
    anonymous: "random",
    seed: 1,
    common: commonKeys,
  });
  const slotOf = (sessionId, inputTokens) =>
    upstream.serve({ sessionId, agentId: "a", inputTokens, prompt: [], time: 0 }).slot;
  const first = slotOf("one", 500);
  const second = slotOf("two", 100);
  const third = slotOf("three", 300);
  assert.deepEqual([first, second, third].sort(), [0, 1, 2]);
  assert.equal(slotOf("four", 50), second);
  assert.equal(slotOf("three", 900), third);
  assert.equal(slotOf("one", 900), first);
  assert.equal(slotOf("five", 1), second);
});

/** Two conversations with tool calls in turn, on a service that guesses: what it counted. */
async function guessed(seed) {
  const taas = await startTaas({
    slots: 4,
    seed,
    anonymous: "guess",
    reply: (request) =>
      request.isFollowUp ? "done ".repeat(90) : { toolCalls: [{ name: "read", arguments: {} }] },
  });
  try {
    const talks = ["one", "two"].map((topic) => [
      { role: "system", content: "A sentence that fills a prompt. ".repeat(60) },
      { role: "user", content: topic },
    ]);
    for (let turn = 0; turn < 12; turn += 1) {
      for (const messages of talks) {
        for (const _half of ["question", "tool result"]) {
          const response = await fetch(`${taas.url}/v1/chat/completions`, {
            method: "POST",
            body: JSON.stringify({ model: "m", messages }),
          });
          const { message } = (await response.json()).choices[0];
          const [call] = message.tool_calls ?? [];
          const next = call
            ? { role: "tool", tool_call_id: call.id, content: "text ".repeat(80) }
            : { role: "user", content: `and then ${turn}?` };
          messages.push(message, next);
        }
      }
    }
    return taas.requests;
  } finally {
    await taas.close();
  }
}

const counted = (requests) =>
  requests.map(({ slot, placed, inputTokens, cachedTokens }) => [
    slot,
    placed,
    inputTokens,
    cachedTokens,
  ]);

test("a guess that is drawn again with a seed gives the figures of that seed's run", async () => {
  const runs = { one: await guessed("one"), two: await guessed("two") };
  assert.notDeepEqual(counted(runs.one), counted(runs.two));
  for (const [recorded, requests] of Object.entries(runs)) {
    assert.ok(requests.some((request) => request.placed === "recognised"));
    for (const seed of Object.keys(runs)) {
      const redrawn = redraw(requests, { slots: 4, anonymous: "guess", seed });
      assert.deepEqual(counted(redrawn), counted(runs[seed]), `${recorded} drawn as ${seed}`);
    }
  }
});

test("the demo shows the median of several draws and their range", () => {
  const draws = [0.7, 0.9, 0.5, 0.8, 0.6].map((hitRate, index) => ({
    hitRate,
    relativeCost: 1 - hitRate,
    slotsByAgent: { coder: index },
  }));
  const result = medianDraw(draws);
  assert.deepEqual(result.slotsByAgent, { coder: 0 });
  assert.deepEqual([result.hitRate, result.draws], [0.7, 5]);
  assert.deepEqual(result.hitRateRange, [0.5, 0.9]);
});
