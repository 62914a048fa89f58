// Another plugin may own a provider, and the host passes this one over without a word; it says so then.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";

import { watchOwnership } from "../lib/ownership.js";
import { agentContext, forgetWarnings, modelCall, register } from "./support/plugin.mjs";

function forgetCalls() {
  globalThis[Symbol.for("openclaw-taas-affinity.asked")].clear();
}
beforeEach(() => {
  forgetWarnings();
  forgetCalls();
});
afterEach(forgetCalls);

/** Registers the plugin with a host that has events. */
function registered() {
  const listeners = new Map();
  const host = register({ on: (name, listener) => listeners.set(name, listener) });
  return { ...host, emit: (name, event) => listeners.get(name)(event) };
}

const started = (provider) => ({ provider, model: "auto", callId: "run:model:1" });

describe("a call that goes by without us", () => {
  test("is said once, with what to do", () => {
    const { warnings, emit } = registered();
    emit("model_call_started", started("cloudsigma"));
    emit("model_call_started", started("cloudsigma"));
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /another plugin hooks the provider cloudsigma/);
    assert.match(warnings[0], /remove or disable/);
  });

  test("is none where any of our hooks was asked, or the provider is none of ours", async () => {
    const { provider, warnings, emit } = registered();
    emit("model_call_started", started("elsewhere"));
    emit("model_call_started", {});
    emit("model_call_started", undefined);
    await modelCall(provider, {});
    emit("model_call_started", started("cloudsigma"));
    provider.normalizeResolvedModel({ provider: "cloudsigma-staging", model: { id: "auto" } });
    emit("model_call_started", started("cloudsigma-staging"));
    assert.deepEqual(warnings, []);
  });

  test("of an agent of ours is none, even where it went out untouched", () => {
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

test("a host without events, or whose start tells nothing, is left alone", async () => {
  assert.equal(register().providers.length, 1);
  const { warnings, emit } = registered();
  await emit("gateway_start", { port: 1 });
  assert.deepEqual(warnings, []);
});

test("a host that only promises whose a provider is ends nothing", async () => {
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
  watchOwnership({
    api,
    faults: { warn: (...said) => warnings.push(said), attempt: (_, __, action) => action() },
    providers: ["cloudsigma"],
    importSdk: async () => ({ resolveOwningPluginIdsForProvider }),
  });
  listeners.get("gateway_start")();
  await new Promise(setImmediate);
  process.off("unhandledRejection", note);
  assert.deepEqual([unhandled, warnings], [[], []]);
});
