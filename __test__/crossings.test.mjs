// How often one model call crosses the boundary between JavaScript and Rust.

import assert from "node:assert/strict";
import { test } from "node:test";

import { agentContext, modelCall, native, register, routed } from "./support/plugin.mjs";

/** Counts the calls of every function of the addon while `action` runs. */
async function crossings(action) {
  const counted = [];
  const originals = { ...native };
  for (const [name, value] of Object.entries(originals)) {
    if (typeof value === "function" && !/^[A-Z]/.test(name)) {
      native[name] = (...args) => {
        counted.push(name);
        return value(...args);
      };
    }
  }
  try {
    await action();
  } finally {
    Object.assign(native, originals);
  }
  return counted;
}

test("one call crosses into Rust five times: wrapper, begin, payload, answer and end", async () => {
  const { provider } = register({ pluginConfig: { routeNotice: "log" } });
  const context = agentContext({ agentId: "crossings", workspaceDir: "/crossings" });
  const call = () =>
    modelCall(provider, {
      context,
      options: { requestId: "crossings:model:1", sessionId: "conversation" },
      response: routed({ "x-taas-autorouter-model": "m" }),
    });
  await call();
  assert.deepEqual(await crossings(call), [
    "probe",
    "beginCall",
    "injectRequest",
    "captureResponse",
    "endCall",
  ]);
});
