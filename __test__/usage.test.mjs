// What a call used, counted from its stream's own result, whatever the stream does.

import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";

import {
  agentContext,
  forgetWarnings,
  modelCall,
  native,
  register,
  routed,
} from "./support/plugin.mjs";

const rejections = [];
process.on("unhandledRejection", (error) => rejections.push(error));

afterEach(async () => {
  await setImmediate();
  assert.deepEqual(rejections, [], "an unhandled rejection ends the gateway");
});

const USAGE = { input: 100, cacheRead: 900, cacheWrite: 50, output: 7, totalTokens: 1057 };
const MESSAGE = { role: "assistant", stopReason: "stop", usage: USAGE };

let count = 0;

/** An agent that nobody has used yet, with a workspace of its own. */
function nobody() {
  count += 1;
  const agentId = `usage-${process.pid}-${count}`;
  return agentContext({ agentId, workspaceDir: `/tmp/${agentId}`, agentDir: undefined });
}

/** Asks a gateway method; what is refused is thrown. */
function ask(host, method, params) {
  let answer;
  const respond = (ok, payload, error) => {
    if (!ok) throw new Error(`${error.code} ${error.message}`);
    answer = payload;
  };
  host.methods.get(method).handler({ params, respond });
  return answer;
}

const statusOf = (host, { agentId }) =>
  ask(host, "taas.affinity.status", { agentId }).agents[0] ?? { requests: 0 };

/** Calls with a stream function, and gives what it gave. */
async function call(
  host,
  context,
  streamFn,
  { hook = "wrapStreamFn", model = {}, options = {} } = {},
) {
  const returned = host.provider[hook]({ ...context, streamFn })(model, "context", options);
  const seen = await Promise.resolve(returned).catch((error) => error);
  await setImmediate();
  return { returned, seen };
}

describe("what a call used is counted", () => {
  test("of an agent run and of a simple completion, with the very stream for the caller", async () => {
    const host = register();
    const context = nobody();
    const stream = Object.freeze({ result: async () => MESSAGE });
    const run = await call(host, context, async () => stream);
    assert.equal(run.seen, stream);
    const simple = await call(host, context, () => stream, {
      hook: "wrapSimpleCompletionStreamFn",
    });
    assert.equal(simple.returned, stream, "as synchronously as ever");
    const { tokens, requests, hitRate, failures } = statusOf(host, context);
    assert.deepEqual(tokens, { input: 200, cached: 1800, written: 100, output: 14 });
    assert.deepEqual([requests, failures, hitRate], [2, 0, 900 / 1050]);
  });

  test("once, where two of our wrappers lie around a call", async () => {
    const host = register();
    const context = nobody();
    const inner = host.provider.wrapStreamFn({
      ...context,
      streamFn: async () => ({ result: async () => MESSAGE }),
    });
    await call(host, context, inner);
    assert.equal(statusOf(host, context).requests, 1);
  });

  test("whatever the stream does, and nothing reaches the caller that was not there", async () => {
    const boom = new Error("boom");
    const rejecting = () => {
      const promise = Promise.reject(boom);
      promise.catch(() => {});
      return promise;
    };
    for (const [name, streamFn, failures] of [
      ["no stream", async () => undefined, 0],
      ["a string", async () => "stream", 0],
      ["no result", async () => ({}), 0],
      ["a result that is no function", async () => ({ result: 5 }), 0],
      ["a result that is there at once", async () => ({ result: () => MESSAGE }), 0],
      ["a result of nothing", async () => ({ result: async () => undefined }), 0],
      [
        "a result of nonsense",
        async () => ({ result: async () => ({ usage: 7, stopReason: {} }) }),
        0,
      ],
      ["a rejected call", async () => Promise.reject(boom), 1],
      ["a rejected result", async () => ({ result: rejecting }), 1],
      ["an error", async () => ({ result: async () => ({ stopReason: "error" }) }), 1],
      ["an abort", async () => ({ result: async () => ({ stopReason: "aborted" }) }), 0],
    ]) {
      const host = register();
      const context = nobody();
      await call(host, context, streamFn);
      const row = statusOf(host, context);
      assert.deepEqual([row.requests, row.failures], [1, failures], name);
      assert.deepEqual(host.warnings, [], name);
    }
  });

  test("a stream function that throws is counted, and throws the same", async () => {
    const host = register();
    const context = nobody();
    const boom = new Error("boom");
    const streamFn = () => {
      throw boom;
    };
    const wrapped = host.provider.wrapStreamFn({ ...context, streamFn });
    assert.throws(() => wrapped({}, "context", {}), boom);
    assert.deepEqual(statusOf(host, context).failuresByStatus, { none: 1 });
  });

  test("a result that throws costs one warning, and its call is counted without tokens", async () => {
    forgetWarnings();
    const host = register();
    const context = nobody();
    for (const stream of [
      {
        result: () => {
          throw new Error("no result");
        },
      },
      {
        get result() {
          throw new Error("no property");
        },
      },
      {
        result: async () => ({
          get usage() {
            throw new Error("no usage");
          },
        }),
      },
      {
        result: async () => ({
          usage: {
            input: 5,
            get output() {
              throw new Error("no output");
            },
          },
        }),
      },
    ]) {
      const { seen } = await call(host, context, async () => stream);
      assert.equal(seen, stream);
    }
    const { requests, failures, tokens } = statusOf(host, context);
    assert.deepEqual([requests, failures], [4, 0]);
    assert.deepEqual(tokens, { input: 0, cached: 0, written: 0, output: 0 });
    assert.equal(host.warnings.length, 1);
    assert.match(host.warnings[0], /the usage of a call was not counted/);
  });

  test("a stream that never ends is not waited for", async () => {
    const host = register();
    const context = nobody();
    const { seen } = await call(host, context, async () => ({
      result: () => new Promise(() => {}),
    }));
    assert.equal(typeof seen.result, "function");
    assert.equal(statusOf(host, context).requests, 0);
  });

  test("counts that are no numbers are none", async () => {
    const host = register();
    const context = nobody();
    const odd = ["12", -5, Number.NaN, null, {}, 1n, Symbol("x"), Number.POSITIVE_INFINITY, 1e300];
    for (const input of odd) {
      const usage = { input, cacheRead: 10, output: input };
      await call(host, context, async () => ({ result: async () => ({ usage }) }));
    }
    const { tokens, hitRate } = statusOf(host, context);
    assert.deepEqual(tokens, { input: 0, cached: 90, written: 0, output: 0 });
    assert.equal(hitRate, 1);
  });
});

describe("which model, and what it cost", () => {
  const message = (responseModel) => ({ ...MESSAGE, responseModel });
  const ended = (host, context, given, { response, model = { id: "auto" } } = {}) =>
    call(
      host,
      context,
      async (_model, _context, options) => {
        if (response) options.onResponse(response);
        return { result: async () => given };
      },
      { model },
    );

  test("the route's header, else what the answer says, else what was asked for", async () => {
    const host = register();
    const context = nobody();
    const modelNow = () => statusOf(host, context).model;
    await ended(host, context, message("said"), {
      response: routed({ "x-taas-autorouter-model": "routed, routed" }),
    });
    assert.equal(modelNow(), "routed");
    await ended(host, context, message("said"));
    assert.equal(modelNow(), "said");
    await ended(host, context, message("said"), { response: routed() });
    assert.equal(modelNow(), "said");
    await ended(host, context, MESSAGE);
    assert.equal(modelNow(), "auto");
  });

  test("failures by their status", async () => {
    const host = register();
    const context = nobody();
    for (const status of [429, 429, 503]) {
      await ended(host, context, { stopReason: "error" }, { response: { status, headers: {} } });
    }
    await ended(host, context, { stopReason: "error" }, { response: { status: 200, headers: {} } });
    const { failuresByStatus, model } = statusOf(host, context);
    assert.deepEqual(failuresByStatus, { 429: 2, 503: 1, none: 1 });
    assert.equal(model, null);
    const { routes } = ask(host, "taas.affinity.routes", { agentId: context.agentId });
    assert.deepEqual(
      routes.map(({ status }) => status),
      [503, 429, 429],
    );
  });

  test("a response that failed within a call that succeeded is listed and is not a failure", async () => {
    const host = register();
    const context = nobody();
    const stream = { result: async () => MESSAGE };
    await call(host, context, async (_model, _context, options) => {
      options.onResponse({ status: 503, headers: {} });
      options.onResponse(routed());
      return stream;
    });
    const { requests, failures, failuresByStatus } = statusOf(host, context);
    assert.deepEqual([requests, failures, failuresByStatus], [1, 0, {}]);
    const { routes } = ask(host, "taas.affinity.routes", { agentId: context.agentId });
    assert.deepEqual(
      routes.map(({ status }) => status),
      [200, 503],
    );
  });

  test("a call whose responses all failed is one failure, under the status of the last", async () => {
    const host = register();
    const context = nobody();
    await call(host, context, async (_model, _context, options) => {
      options.onResponse({ status: 503, headers: {} });
      options.onResponse({ status: 429, headers: {} });
      return { result: async () => ({ stopReason: "error" }) };
    });
    const { requests, failuresByStatus } = statusOf(host, context);
    assert.deepEqual([requests, failuresByStatus], [1, { 429: 1 }]);
    const { total } = ask(host, "taas.affinity.routes", { agentId: context.agentId });
    assert.equal(total, 2);
  });

  test("an answer that is cut off is a failure without a status, and its route is listed", async () => {
    const host = register();
    const context = nobody();
    await ended(host, context, { stopReason: "error" }, { response: routed() });
    assert.deepEqual(statusOf(host, context).failuresByStatus, { none: 1 });
    const { routes } = ask(host, "taas.affinity.routes", { agentId: context.agentId });
    assert.deepEqual(
      routes.map(({ status }) => status),
      [200],
    );
  });

  test("at the price of the model asked for where the one that answered has none", async () => {
    const host = register();
    const context = nobody();
    const cost = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 };
    const usage = { input: 0, cacheRead: 0, cacheWrite: 1e6, output: 1 };
    await ended(host, context, { usage }, { model: { id: "auto", cost } });
    assert.equal(statusOf(host, context).saved.usd, -0.75, "what was not saved is shown");
    const partly = nobody();
    const read = { input: 0, cacheRead: 1e6, cacheWrite: 0, output: 1 };
    await ended(host, partly, { usage: read }, { model: { id: "auto", cost: { input: 3 } } });
    assert.equal(statusOf(host, partly).saved.usd, 3, "what is not stated is 0, as for the host");
    const free = nobody();
    const nothing = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
    await ended(host, free, MESSAGE, { model: { id: "auto", cost: nothing } });
    assert.deepEqual(statusOf(host, free).saved, {
      tokens: 900,
      usd: null,
      usdWithoutCache: null,
      pricedRequests: 0,
    });
  });
});

describe("the cost of a call is OpenClaw's", () => {
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
    const context = { ...nobody(), ...(models && { config }) };
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

  test("amounts that no call costs do not count", async () => {
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

describe("a request that is sent again", () => {
  const sent = async (host, context, requestId, turn, headers = {}) => {
    const options = { requestId, headers };
    return modelCall(host.provider, { context, options, turn, response: routed() });
  };
  const attemptOf = ({ headers }) => headers["X-OpenClaw-Attempt"];

  test("counts its attempts, also where the host gives none", async () => {
    const host = register();
    const context = nobody();
    const turn = (attempt) => ({ provider: "cloudsigma", turnId: "t", attempt });
    const attempts = [];
    for (let time = 0; time < 3; time += 1) {
      attempts.push(attemptOf(await sent(host, context, `${context.agentId}:model:1`, turn(1))));
    }
    assert.deepEqual(attempts, ["1", "2", "3"]);
    const { capture } = ask(host, "taas.affinity.lastRoute", { agentId: context.agentId });
    assert.equal(capture.openclawAttempt, "3");
    const without = [];
    for (let time = 0; time < 3; time += 1) {
      without.push(attemptOf(await sent(host, context, `${context.agentId}:model:2`, null)));
    }
    assert.deepEqual(without, [undefined, "2", "3"]);
    const own = { "x-openclaw-attempt": "7" };
    const again = await sent(host, context, `${context.agentId}:model:2`, turn(1), own);
    assert.deepEqual([again.headers["x-openclaw-attempt"], attemptOf(again)], ["7", undefined]);
    assert.equal(attemptOf(await sent(host, context, `${context.agentId}:model:1`, turn(9))), "9");
  });

  /** The attempts that requests carry which have the given ids and end as given. */
  async function attempts(requests) {
    const host = register();
    const context = nobody();
    const carried = [];
    for (const [requestId, stopReason] of requests) {
      const streamFn = async (_model, _context, { headers }) => {
        carried.push(headers["X-OpenClaw-Attempt"] ?? "none");
        if (stopReason === "rejected") {
          throw new Error("no connection");
        }
        return { result: async () => ({ stopReason }) };
      };
      const stream = host.provider.wrapStreamFn({ ...context, streamFn });
      const { result } = await stream({}, {}, { requestId }).catch(() => ({}));
      await result?.();
    }
    return carried;
  }

  test("is counted within a run, whose ids begin again after a failed attempt", async () => {
    assert.deepEqual(
      await attempts([
        ["tools:model:1", "toolUse"],
        ["tools:model:2", "error"],
        ["tools:model:1", "toolUse"],
        ["tools:model:2", "stop"],
      ]),
      ["none", "none", "2", "none"],
    );
    for (const failure of ["error", "aborted", "rejected"]) {
      assert.deepEqual(
        await attempts([
          [`${failure}:model:1`, failure],
          [`${failure}:model:1`, failure],
          [`${failure}:model:1`, "length"],
          [`${failure}:model:1`, "stop"],
        ]),
        ["none", "2", "3", "none"],
        failure,
      );
    }
  });

  test("is attempt 1 after each good answer where every run of a job has the same id", async () => {
    const job = ["job-1:model:1", "stop"];
    assert.deepEqual(await attempts([job, job, job]), ["none", "none", "none"]);
  });

  test("is no other request, and is forgotten in time", async () => {
    const host = register();
    const context = nobody();
    for (const odd of [undefined, "", 5, {}, "x".repeat(10_000)]) {
      await sent(host, context, odd, null);
      assert.equal(
        attemptOf(await sent(host, context, odd, null)),
        undefined,
        String(odd).slice(0, 9),
      );
    }
    const first = `${context.agentId}:first`;
    const { handle } = new native.Gateway("1", "h", "/", false).identity(context, {});
    const others = (from, to) => {
      for (let other = from; other < to; other += 1)
        native.beginCall(handle, `${context.agentId}:${other}`);
    };
    native.beginCall(handle, first);
    // What many agents send while one of them waits to send again.
    others(0, 2000);
    assert.equal(native.beginCall(handle, first).attempt, 2);
    others(2000, 7000);
    assert.equal(native.beginCall(handle, first).attempt, 1);
  });
});

describe("an algorithm that was chosen", () => {
  const HEADER = "X-TaaS-Autorouter-Algorithm";
  const METHOD = "taas.autorouter.setAlgorithm";

  test("is sent for that agent alone, where the caller sets none, until it is taken back", async () => {
    const host = register();
    const [context, other] = [nobody(), nobody()];
    const headers = async (given, own = {}) =>
      (await modelCall(host.provider, { context: given, options: { headers: own } })).headers;
    assert.equal((await headers(context))[HEADER], undefined);
    ask(host, METHOD, { agentId: context.agentId, algorithm: "ttft" });
    assert.equal((await headers(context))[HEADER], "ttft");
    assert.equal((await headers(other))[HEADER], undefined);
    const own = await headers(context, { "x-taas-autorouter-algorithm": "cost" });
    assert.deepEqual([own[HEADER], own["x-taas-autorouter-algorithm"]], [undefined, "cost"]);
    ask(host, METHOD, { workspaceDir: context.workspaceDir, algorithm: "tps" });
    assert.equal((await headers(context))[HEADER], "tps");
    for (const selector of [{ workspaceDir: context.workspaceDir }, { agentId: context.agentId }]) {
      ask(host, METHOD, { ...selector, algorithm: null });
    }
    assert.equal((await headers(context))[HEADER], undefined);
  });

  test("has to be one that there is", () => {
    const host = register();
    assert.throws(
      () => ask(host, METHOD, { agentId: "main", algorithm: "best" }),
      /^Error: INVALID_REQUEST .*algorithm must be best_fit, price_performance.*got "best"/,
    );
  });
});

describe("by conversation", () => {
  const VECTOR = "96b334dd-c2c7-4e19-b2ea-2fdf1105f23d";
  const ID = "oc:570e15b86977cc87";

  test("header, body, capture, usage and look-ups are the conversation's", async () => {
    const host = register({ pluginConfig: { affinity: "conversation" } });
    const context = nobody();
    const seen = await modelCall(host.provider, {
      context,
      options: { sessionId: VECTOR },
      response: routed({ "x-request-id": context.agentId }),
    });
    await setImmediate();
    for (const id of [
      seen.headers["X-Session-Id"],
      seen.headers["X-OpenClaw-Session-Id"],
      seen.payload.metadata.session_id,
      seen.payload.metadata.sticky_key,
      seen.payload.metadata.requester_runtime.session_key,
      seen.payload.metadata.openclaw_correlation.session_id,
    ]) {
      assert.equal(id, ID);
    }
    assert.equal(seen.headers["X-OpenClaw-Agent-Id"], context.agentId);
    for (const params of [
      { sessionId: ID },
      { conversationId: VECTOR },
      { localSessionId: VECTOR },
      { workspaceDir: context.workspaceDir },
    ]) {
      const { capture } = ask(host, "taas.affinity.lastRoute", params);
      assert.equal(capture.taasRequestId, context.agentId, JSON.stringify(params));
      assert.equal(capture.sessionId, ID);
    }
    const [row] = ask(host, "taas.affinity.status", { conversationId: VECTOR }).sessions;
    assert.deepEqual(
      [row.sessionId, row.source, row.agentId],
      [ID, "conversation", context.agentId],
    );
  });

  test("the workspace's where the host gives no conversation", async () => {
    const host = register({ pluginConfig: { affinity: "conversation" } });
    const context = nobody();
    const idOf = async (options) =>
      (await modelCall(host.provider, { context, options })).headers["X-Session-Id"];
    const byWorkspace = (await modelCall(register().provider, { context })).headers["X-Session-Id"];
    for (const none of [undefined, "", " ", 5, null]) {
      assert.equal(await idOf({ sessionId: none }), byWorkspace, String(none));
    }
    assert.notEqual(await idOf({ sessionId: "x" }), await idOf({ sessionId: "y" }));
  });

  test("a conversation is found by its own id in the other mode too", async () => {
    const host = register();
    const context = nobody();
    const id = `conversation-${context.agentId}`;
    const { headers } = await modelCall(host.provider, {
      context,
      options: { sessionId: id },
      response: routed(),
    });
    const found = ask(host, "taas.autorouter.lastRoute", { localSessionId: id });
    assert.deepEqual([found.localSessionId, found.sessionId], [id, headers["X-Session-Id"]]);
  });

  test("its session is known from a call without a route, and from one that failed", async () => {
    const host = register();
    for (const response of [undefined, { status: 200, headers: {} }, { status: 429 }]) {
      const context = nobody();
      const id = `unrouted-${context.agentId}`;
      const { headers } = await modelCall(host.provider, {
        context,
        options: { sessionId: id },
        response,
      });
      await setImmediate();
      for (const key of ["conversationId", "localSessionId"]) {
        const { sessions, agents } = ask(host, "taas.affinity.status", { [key]: id });
        assert.deepEqual(
          [sessions.map(({ sessionId }) => sessionId), agents.map(({ agentId }) => agentId)],
          [[headers["X-Session-Id"]], [context.agentId]],
        );
      }
    }
  });
});
