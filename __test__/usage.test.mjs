// What a call used is counted from the result of its stream.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ask, call, failOnUnhandledRejections, newAgent, statusOf } from "./support/agents.mjs";
import { forgetWarnings, register, routed } from "./support/plugin.mjs";

failOnUnhandledRejections();

const USAGE = { input: 100, cacheRead: 900, cacheWrite: 50, output: 7, totalTokens: 1057 };

const MESSAGE = { role: "assistant", stopReason: "stop", usage: USAGE };

describe("usage of a call", () => {
  test("usage of an agent run and of a simple completion is counted, and the caller gets the same stream", async () => {
    const host = register();
    const context = newAgent();
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

  test("a call that is given up before its response does not change the model", async () => {
    const host = register();
    const context = newAgent();
    const routedTo = routed({ "x-taas-autorouter-model": "claude" });
    await call(host, context, async (_model, _context, options) => {
      options.onResponse(routedTo);
      return { result: async () => MESSAGE };
    });
    const usage = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0 };
    const aborted = { stopReason: "aborted", usage };
    await call(host, context, async () => ({ result: async () => aborted }));
    const { model, requests } = statusOf(host, context);
    assert.deepEqual([model, requests], ["claude", 2]);
  });

  test("usage is counted once if two of our wrappers surround a call", async () => {
    const host = register();
    const context = newAgent();
    const inner = host.provider.wrapStreamFn({
      ...context,
      streamFn: async () => ({ result: async () => MESSAGE }),
    });
    await call(host, context, inner);
    assert.equal(statusOf(host, context).requests, 1);
  });

  test("a call is counted whatever its stream does, and the caller notices nothing", async () => {
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
      const context = newAgent();
      await call(host, context, streamFn);
      const row = statusOf(host, context);
      assert.deepEqual([row.requests, row.failures], [1, failures], name);
      assert.deepEqual(host.warnings, [], name);
    }
  });

  test("a stream function that throws is counted, and its error reaches the caller", async () => {
    const host = register();
    const context = newAgent();
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
    const context = newAgent();
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
    const context = newAgent();
    const { seen } = await call(host, context, async () => ({
      result: () => new Promise(() => {}),
    }));
    assert.equal(typeof seen.result, "function");
    assert.equal(statusOf(host, context).requests, 0);
  });

  test("token counts that are not numbers count as zero", async () => {
    const host = register();
    const context = newAgent();
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

describe("model, failures and price of a call", () => {
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

  test("the model is the routed model, else the model of the answer, else the requested model", async () => {
    const host = register();
    const context = newAgent();
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

  test("failures are counted by their status", async () => {
    const host = register();
    const context = newAgent();
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
    const context = newAgent();
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
    const context = newAgent();
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
    const context = newAgent();
    await ended(host, context, { stopReason: "error" }, { response: routed() });
    assert.deepEqual(statusOf(host, context).failuresByStatus, { none: 1 });
    const { routes } = ask(host, "taas.affinity.routes", { agentId: context.agentId });
    assert.deepEqual(
      routes.map(({ status }) => status),
      [200],
    );
  });

  test("a call has the price of the requested model if the model that answered has no price", async () => {
    const host = register();
    const context = newAgent();
    const cost = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 };
    const usage = { input: 0, cacheRead: 0, cacheWrite: 1e6, output: 1 };
    await ended(host, context, { usage }, { model: { id: "auto", cost } });
    assert.equal(statusOf(host, context).saved.usd, -0.75, "what was not saved is shown");
    const partly = newAgent();
    const read = { input: 0, cacheRead: 1e6, cacheWrite: 0, output: 1 };
    await ended(host, partly, { usage: read }, { model: { id: "auto", cost: { input: 3 } } });
    assert.equal(statusOf(host, partly).saved.usd, 3, "what is not stated is 0, as for the host");
    const free = newAgent();
    const nothing = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
    await ended(host, free, MESSAGE, { model: { id: "auto", cost: nothing } });
    assert.deepEqual(statusOf(host, free).saved, {
      tokens: 900,
      usd: null,
      usdWithoutCache: null,
      share: null,
      pricedRequests: 0,
    });
  });
});
