// Which calls the plugin extends, and what their callers get back.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { agentContext, modelCall, register, SESSION } from "./support/plugin.mjs";

const { provider, providers, methods } = register();

describe("calls of our providers", () => {
  test("the plugin registers one provider with both ids and all four hooks", () => {
    assert.equal(providers.length, 1);
    assert.equal(provider.id, "taas-affinity");
    assert.deepEqual(provider.hookAliases, ["cloudsigma", "cloudsigma-staging"]);
    assert.deepEqual(provider.auth, []);
    for (const hook of [
      "wrapStreamFn",
      "wrapSimpleCompletionStreamFn",
      "resolveTransportTurnState",
      "normalizeResolvedModel",
    ]) {
      assert.equal(typeof provider[hook], "function", hook);
    }
    const scopes = [...methods].map(([name, { options }]) => [name, options.scope]);
    assert.deepEqual(Object.fromEntries(scopes), {
      "taas.autorouter.lastRoute": "operator.read",
      "taas.affinity.lastRoute": "operator.read",
      "taas.affinity.status": "operator.read",
      "taas.affinity.routes": "operator.read",
      "taas.autorouter.setAlgorithm": "operator.write",
    });
  });

  test("agent runs and simple completions of our providers are wrapped", async () => {
    for (const hook of ["wrapStreamFn", "wrapSimpleCompletionStreamFn"]) {
      for (const id of ["cloudsigma", "cloudsigma-staging"]) {
        const call = await modelCall(provider, { hook, context: agentContext({ provider: id }) });
        assert.equal(call.headers["X-Session-Id"], SESSION, `${hook} ${id}`);
        assert.equal(call.payload.metadata.session_id, SESSION, `${hook} ${id}`);
        assert.equal(call.payload.metadata.requester_runtime.provider, id);
      }
    }
  });

  test("a call of another provider is not wrapped", async () => {
    for (const id of ["openai", "cloudsigma2", "", undefined, null, 7, {}]) {
      const call = await modelCall(provider, { context: agentContext({ provider: id }) });
      assert.equal(call.wrapped, false, String(id));
    }
  });

  test("a context without a stream function gets no wrapper", () => {
    assert.equal(provider.wrapStreamFn(agentContext()), undefined);
  });

  test("a stream reaches the caller unchanged and as synchronously as before", () => {
    const stream = { [Symbol.asyncIterator]() {} };
    const wrapped = provider.wrapSimpleCompletionStreamFn(agentContext({ streamFn: () => stream }));
    assert.equal(wrapped({}, {}, {}), stream);
  });

  test("model, context and further arguments reach the stream function", () => {
    let seen;
    const wrapped = provider.wrapStreamFn(
      agentContext({
        streamFn: (...args) => {
          seen = args;
        },
      }),
    );
    const [model, context, signal] = [{}, {}, {}];
    wrapped(model, context, { signal, apiKey: "k" }, "further");
    assert.equal(seen[0], model);
    assert.equal(seen[1], context);
    assert.equal(seen[2].signal, signal);
    assert.equal(seen[2].apiKey, "k");
    assert.equal(seen[3], "further");
  });
});

describe("the caller's own hooks", () => {
  test("the caller's onPayload is called, and its return value is extended", async () => {
    const order = [];
    const options = {
      async onPayload(...args) {
        order.push([this === options, ...args]);
        return { replaced: true };
      },
    };
    const payload = { messages: [] };
    const call = await modelCall(provider, { options, payload, model: "the model" });
    assert.deepEqual(order, [[true, payload, "the model"]]);
    assert.equal(call.payload.replaced, true);
    assert.equal(call.payload.metadata.session_id, SESSION);
    assert.equal("messages" in call.payload, false);
  });

  test("a mutation by the caller's onPayload is kept", async () => {
    const options = {
      onPayload(payload) {
        payload.temperature = 0;
      },
    };
    const call = await modelCall(provider, { options });
    assert.equal(call.payload.temperature, 0);
    assert.equal(call.payload.metadata.session_id, SESSION);
  });

  test("a return value of onPayload that needs no metadata is passed on unchanged", async () => {
    for (const value of [null, "text", 7]) {
      const call = await modelCall(provider, { options: { onPayload: () => value } });
      assert.equal(call.payloadResult, value);
    }
  });

  test("the caller's onResponse is called, and its return value is kept", async () => {
    const seen = [];
    const options = {
      onResponse(...args) {
        seen.push([this === options, ...args]);
        return "returned";
      },
    };
    const response = { status: 200, headers: {} };
    const call = await modelCall(provider, { options, response, model: "m" });
    assert.deepEqual(seen, [[true, response, "m"]]);
    assert.equal(call.responseResult, "returned");
  });

  test("an error of the caller's hooks reaches the host unchanged", async () => {
    const boom = new Error("caller's own");
    const fail = () => {
      throw boom;
    };
    await assert.rejects(modelCall(provider, { options: { onPayload: fail } }), boom);
    await assert.rejects(
      modelCall(provider, { options: { onResponse: fail }, response: { headers: {} } }),
      boom,
    );
  });
});
