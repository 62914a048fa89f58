// The cost of a call is the cost that OpenClaw calculates.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { call, failOnUnhandledRejections, newAgent, statusOf } from "./support/agents.mjs";
import { register, routed } from "./support/plugin.mjs";

failOnUnhandledRejections();

describe("the cost of a call", () => {
  const TIERS = [
    { range: [0, 128_000], input: 0.4, output: 1.6, cacheRead: 0.04, cacheWrite: 0.5 },
    { range: [128_000], input: 0.8, output: 3.2, cacheRead: 0.08, cacheWrite: 1 },
  ];
  const FLAT = { input: 0.4, output: 1.6, cacheRead: 0.04, cacheWrite: 0.5 };
  const FREE = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  const CLAUDE = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 };
  const prompt = (input, cacheRead = 0, cacheWrite = 0) => ({ input, cacheRead, cacheWrite });
  const recorded = (total, more) => ({ ...FREE, total, ...more });

  /** What the plugin says that one prompt cost, and what caching saved of it. */
  async function figures({ usage, cost, responseModel, models, route }) {
    const host = register();
    const config = { models: { providers: { cloudsigma: { models } } } };
    const context = { ...newAgent(), ...(models && { config }) };
    const stream = { result: async () => ({ stopReason: "stop", usage, responseModel }) };
    const streamFn = async (_model, _context, options) => {
      if (route) options.onResponse(routed({ "x-taas-autorouter-model": route }));
      return stream;
    };
    await call(host, context, streamFn, { model: { id: "auto", cost } });
    assert.deepEqual(host.warnings, []);
    const { usd, usdWithoutCache, pricedRequests } = statusOf(host, context).saved;
    return usd === null
      ? undefined
      : { cost: usdWithoutCache - usd, saved: usd, priced: pricedRequests };
  }

  const about = (found, expected, name) => {
    for (const [key, amount] of Object.entries(expected)) {
      assert.ok(
        Math.abs(found?.[key] - amount) < 1e-9,
        `${name}: ${key} is ${found?.[key]}, not ${amount}`,
      );
    }
  };

  for (const [name, given, expected] of [
    [
      "a prompt above the limit of the first tier costs what the second tier says",
      { usage: prompt(250_000), cost: { ...FLAT, tieredPricing: TIERS } },
      { cost: 0.2, saved: 0 },
    ],
    [
      "a prompt within the first tier costs what the first tier says",
      { usage: prompt(127_999), cost: { ...FREE, tieredPricing: TIERS } },
      { cost: 0.0511996, saved: 0 },
    ],
    [
      "the tier is chosen by the whole prompt, and so is the price without a cache",
      { usage: prompt(28_000, 90_000, 10_000), cost: { ...FLAT, tieredPricing: TIERS } },
      { cost: 0.0396, saved: 0.0628 },
    ],
    [
      "tiers count where the flat prices are 0",
      { usage: prompt(250_000), cost: { ...FREE, tieredPricing: TIERS } },
      { cost: 0.2, saved: 0 },
    ],
    [
      "tiers count in any order",
      { usage: prompt(250_000), cost: { ...FREE, tieredPricing: TIERS.toReversed() } },
      { cost: 0.2, saved: 0 },
    ],
    [
      "a prompt above the end of all tiers costs what the last one says",
      {
        usage: prompt(300_000),
        cost: { ...FLAT, tieredPricing: [{ ...TIERS[1], range: [0, 200_000] }] },
      },
      { cost: 0.24, saved: 0 },
    ],
    [
      "a prompt below the start of all tiers costs what the first one says",
      { usage: prompt(1000), cost: { ...FLAT, tieredPricing: [TIERS[1]] } },
      { cost: 0.0008, saved: 0 },
    ],
    [
      "a tier that OpenClaw leaves out is left out",
      {
        usage: prompt(250_000),
        cost: {
          ...FLAT,
          tieredPricing: [null, { ...TIERS[1], cacheWrite: undefined }, { ...TIERS[1], range: 5 }],
        },
      },
      { cost: 0.1, saved: 0 },
    ],
    [
      "tokens that are written for an hour cost twice the input price",
      { usage: { ...prompt(0, 0, 100_000), cacheWrite1h: 100_000 }, cost: CLAUDE },
      { cost: 0.6, saved: -0.3 },
    ],
    [
      "writing for an hour loses money where writing for five minutes saves some",
      { usage: { ...prompt(100, 400, 500), cacheWrite1h: 500 }, cost: CLAUDE },
      { cost: 0.00342, saved: -0.00042 },
    ],
    [
      "no more tokens are written for an hour than are written",
      { usage: { ...prompt(0, 0, 100), cacheWrite1h: 1e6 }, cost: CLAUDE },
      { cost: 0.0006, saved: -0.0003 },
    ],
    [
      "OpenClaw's own total counts for the model that was asked for",
      { usage: { ...prompt(1000, 1000), cost: recorded(0.0066) }, cost: CLAUDE },
      { cost: 0.0066, saved: 0.0054 },
    ],
    [
      "a total of 0 that OpenClaw did not calculate does not count",
      { usage: { ...prompt(1000), cost: recorded(0) }, cost: CLAUDE },
      { cost: 0.003, saved: 0 },
    ],
    [
      "a total that the provider billed counts",
      {
        usage: { ...prompt(0, 1000), cost: recorded(0, { totalOrigin: "provider-billed" }) },
        cost: CLAUDE,
      },
      { cost: 0, saved: 0 },
    ],
    [
      "the prices of the model that answered come before OpenClaw's total",
      {
        usage: { ...prompt(1000), cost: recorded(0.003) },
        cost: CLAUDE,
        responseModel: "cheap",
        models: [{ id: "cheap", cost: { ...FREE, tieredPricing: TIERS } }],
      },
      { cost: 0.0004, saved: 0 },
    ],
    [
      "a total that the provider billed comes before the prices of the model that answered",
      {
        usage: { ...prompt(1000), cost: recorded(0.002, { totalOrigin: "provider-billed" }) },
        cost: CLAUDE,
        responseModel: "cheap",
        models: [{ id: "cheap", cost: FLAT }],
      },
      { cost: 0.002, saved: 0 },
    ],
    [
      "OpenClaw's total counts where the model that was asked for answered by its long name",
      {
        usage: { ...prompt(1000), cost: recorded(0.006) },
        cost: CLAUDE,
        responseModel: "cloudsigma/auto",
        models: [{ id: "auto", cost: FLAT }],
      },
      { cost: 0.006, saved: 0 },
    ],
    [
      "the prices of the routed model count, also where a proxy doubled the header",
      {
        usage: { ...prompt(1000), cost: recorded(0.003) },
        cost: CLAUDE,
        route: "cheap , cheap",
        models: [{ id: "cheap", cost: FLAT }],
      },
      { cost: 0.0004, saved: 0 },
    ],
    [
      "a call whose usage was never sent costs nothing",
      { usage: undefined, cost: CLAUDE },
      { cost: 0, saved: 0 },
    ],
  ]) {
    test(name, async () => about(await figures(given), { ...expected, priced: 1 }, name));
  }

  test("amounts that no call can cost are ignored", async () => {
    const billed = (total) => recorded(total, { totalOrigin: "provider-billed" });
    for (const given of [
      { usage: prompt(1000), cost: { ...FLAT, input: -1 } },
      { usage: prompt(1000), cost: { ...FLAT, input: 1e300 } },
      { usage: prompt(1000), cost: { ...FLAT, tieredPricing: [{ ...TIERS[0], input: -1 }] } },
      { usage: { ...prompt(1000), cost: billed(-1) }, cost: CLAUDE },
      { usage: { ...prompt(1000), cost: billed(1e300) }, cost: CLAUDE },
      { usage: { ...prompt(1000), cost: billed(Number.NaN) }, cost: CLAUDE },
      { usage: { ...prompt(1000), cost: billed("1") }, cost: CLAUDE },
    ]) {
      const found = await figures(given);
      const isHostsEstimate = found && Math.abs(found.cost - 0.003) < 1e-9 && found.saved === 0;
      assert.ok(found === undefined || isHostsEstimate, JSON.stringify([given, found]));
    }
  });
});
