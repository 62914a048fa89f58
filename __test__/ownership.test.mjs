// Another plugin may own a provider, and the host passes this one over without a word; it says so then.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { shared } from "../lib/addon/shared.js";
import { watchOwnership } from "../lib/host/ownership.js";
import {
  agentContext,
  forgetCalls,
  forgetWarnings,
  modelCall,
  register,
} from "./support/plugin.mjs";

beforeEach(() => {
  forgetWarnings();
  forgetCalls();
});
afterEach(forgetCalls);

/** Registers the plugin with a host that has events. */
function registered() {
  const listeners = new Map();
  const host = register({ on: (name, listener) => listeners.set(name, listener) });
  const emit = (name, ...args) => listeners.get(name)(...args);
  const check = (id) => {
    let answer;
    const { handler } = host.methods.get("taas.affinity.status");
    handler({ params: {}, respond: (_, payload) => (answer = payload) });
    return answer.checks.find((found) => found.id === id);
  };
  return { ...host, emit, check };
}

const started = (provider) => ({ provider, model: "auto", callId: "run:model:1" });

describe("a call that bypasses the plugin", () => {
  test("a call that bypasses the plugin is logged once, with the remedy", () => {
    const { warnings, emit } = registered();
    emit("model_call_started", started("cloudsigma"));
    emit("model_call_started", started("cloudsigma"));
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /another plugin hooks the provider cloudsigma/);
    assert.match(warnings[0], /disable the other plugin/);
    assert.match(warnings[0], /first helps only if the other plugin hooks an alias/);
  });

  test("a call through our wrapper or of another provider is not logged as bypassing the plugin", async () => {
    const { provider, warnings, emit } = registered();
    emit("model_call_started", started("elsewhere"));
    emit("model_call_started", {});
    emit("model_call_started", undefined);
    await modelCall(provider, {});
    emit("model_call_started", started("cloudsigma"));
    assert.deepEqual(warnings, []);
  });

  test("a call of our agent is not logged as bypassing the plugin, even if it went out untouched", () => {
    const { provider, warnings, emit } = registered();
    const context = Object.defineProperty(agentContext({ streamFn() {} }), "workspaceDir", {
      get() {
        throw new Error("boom");
      },
    });
    provider.wrapStreamFn(context);
    emit("model_call_started", started("cloudsigma"));
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /without identity: boom/);
  });
});

describe("the owner of a provider", () => {
  const span = (number) => number.toString(16).padStart(16, "0");
  const TRACE = "a".repeat(32);

  /** A host with `call`, one model call in its order: the call through us, if it is ours, and then the event. */
  function calling({ hasRequestId, hasTrace } = { hasRequestId: true, hasTrace: true }) {
    const host = registered();
    host.begin = async (number, { isOurs, callId }) => {
      const event = { provider: "cloudsigma", model: "cloudsigma/auto", callId };
      const context = { trace: { traceId: TRACE, spanId: span(number) } };
      if (isOurs) {
        const options = {
          ...(hasRequestId && { requestId: callId }),
          headers: { traceparent: hasTrace ? `00-${TRACE}-${span(number)}-01` : undefined },
        };
        await modelCall(host.provider, { options });
      }
      host.emit("model_call_started", event, context);
      return () => host.emit("model_call_ended", event, context);
    };
    host.call = async (number, { isOurs, callId = `run:model:${number}` }) =>
      (await host.begin(number, { isOurs, callId }))();
    host.levels = () => ["ownership", "unseen-calls"].map((id) => host.check(id).level);
    return host;
  }

  test("another plugin that takes the provider over is a fault from its first call until our next call", async () => {
    const { call, levels, check, warnings } = calling();
    await call(1, { isOurs: true });
    assert.deepEqual([levels(), warnings], [["ok", "ok"], []]);
    for (let number = 2; number <= 1001; number += 1) {
      await call(number, { isOurs: false });
    }
    assert.deepEqual(levels(), ["fault", "fault"]);
    assert.match(
      check("unseen-calls").evidence,
      /^1000 model calls of cloudsigma bypassed this plugin/,
    );
    assert.equal(warnings.length, 1);
    await call(1002, { isOurs: true });
    assert.deepEqual([levels(), warnings.length], [["ok", "ok"], 1]);
    await call(1003, { isOurs: false });
    assert.deepEqual(levels(), ["fault", "fault"]);
  });

  for (const [what, has] of [
    ["the request id alone", { hasRequestId: true }],
    ["the trace alone", { hasTrace: true }],
  ]) {
    test(`a call through our wrapper is recognized by ${what}`, async () => {
      const { begin, call, levels } = calling(has);
      const ends = [];
      for (let number = 1; number <= 3; number += 1) {
        ends.push(await begin(number, { isOurs: true, callId: `run:model:${number}` }));
      }
      assert.deepEqual(levels(), ["ok", "ok"], "any number of calls at once");
      for (const end of ends) end();
      await call(4, { isOurs: false });
      assert.deepEqual(levels(), ["fault", "fault"]);
    });
  }

  test("a call whose header names the span of an exporter is recognized by its request id", async () => {
    const { provider, emit, levels } = calling();
    const options = {
      requestId: "run:model:1",
      headers: { traceparent: `00-${"b".repeat(32)}-${span(9)}-01` },
    };
    await modelCall(provider, { options });
    const event = { provider: "cloudsigma", model: "cloudsigma/auto", callId: "run:model:1" };
    emit("model_call_started", event, { trace: { traceId: TRACE, spanId: span(1) } });
    assert.deepEqual(levels(), ["ok", "ok"]);
  });

  test("an id that one of our calls used before does not make another call ours", async () => {
    const { call, levels } = calling();
    const callId = "session-of-a-cron-job:model:1";
    await call(1, { isOurs: true, callId });
    await call(2, { isOurs: false, callId });
    assert.deepEqual(levels(), ["fault", "fault"]);
  });

  test("a call that we leave untouched does not count as another plugin's call", async () => {
    const { provider, emit, levels, begin } = calling();
    const broken = Object.defineProperty({}, "headers", {
      enumerable: true,
      get() {
        throw new Error("boom");
      },
    });
    const stream = provider.wrapStreamFn(agentContext({ streamFn: async () => "stream" }));
    await stream({}, {}, broken).catch(() => {});
    const event = { provider: "cloudsigma", model: "cloudsigma/auto", callId: "run:model:1" };
    emit("model_call_started", event, {});
    assert.deepEqual(levels(), ["ok", "ok"]);
    await begin(2, { isOurs: true, callId: "run:model:2" });
    await begin(3, { isOurs: false, callId: "run:model:3" });
    assert.deepEqual(levels(), ["fault", "fault"]);
  });

  test("the memory of observed calls is bounded", async () => {
    const { begin } = calling();
    for (let number = 1; number <= 2000; number += 1) {
      await begin(number, { isOurs: true, callId: `run:model:${number}` });
    }
    const { young, old } = shared.ownership.begun;
    assert.ok(young.size + old.size <= 2048, `${young.size + old.size} are remembered`);
  });
});

test("a host without events or with an empty start event gets no warning", async () => {
  assert.equal(register().providers.length, 1);
  const { warnings, emit } = registered();
  await emit("gateway_start", { port: 1 });
  assert.deepEqual(warnings, []);
});

test("a host that returns the provider's owner as a promise ends no process", async () => {
  const unhandled = [];
  const note = (reason) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  const listeners = new Map();
  const api = {
    config: { plugins: { allow: [] } },
    on: (name, listener) => listeners.set(name, listener),
  };
  const resolveOwningPluginIdsForProvider = () => Promise.reject(new Error("not here"));
  const warnings = [];
  const log = { warn: (...said) => warnings.push(said), attempt: (_, __, action) => action() };
  const importSdk = async () => ({ resolveOwningPluginIdsForProvider });
  watchOwnership({ api, providers: ["cloudsigma"] }, log, () => {}, importSdk);
  listeners.get("gateway_start")();
  await new Promise(setImmediate);
  process.off("unhandledRejection", note);
  assert.deepEqual([unhandled, warnings], [[], []]);
});
