// That another model answers an agent is told once, where the user wants it.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { agentContext, forgetWarnings, modelCall, register, routed } from "./support/plugin.mjs";

beforeEach(forgetWarnings);

/** The lines of the log after calls of an agent of its own that are answered by `models` in turn. */
async function logged(agentId, models, pluginConfig = { routeNotice: "log" }) {
  const { provider, lines } = register({ pluginConfig });
  const context = agentContext({ agentId, workspaceDir: `/${agentId}` });
  for (const model of models) {
    await modelCall(provider, { context, response: routed({ "x-taas-autorouter-model": model }) });
  }
  return lines;
}

test("a change of route is not logged by default", async () => {
  assert.deepEqual(await logged("not-told", ["a", "b"], {}), []);
});

describe("the log", () => {
  test("a change of route writes one log line, and the same route writes no line", async () => {
    assert.deepEqual(await logged("told", ["a", "a", "b", "b"]), [
      "taas-affinity: the model of agent told changed from a to b",
    ]);
  });

  test("the line about a change of route is bounded and has no control characters, whatever the name of the model", async () => {
    const odd = `a\u202eb\u2066c\u200b${"x".repeat(93)}😀`;
    const lines = await logged("odd", [odd, "y".repeat(10_000)]);
    assert.equal(lines.length, 1);
    assert.match(lines[0], /^[^\p{Cc}\p{Cf}\p{Cs}]{50,300}$/u);
  });

  test("calls beside an agent's runs write no line about a change of route", async () => {
    const { provider, lines } = register({ pluginConfig: { routeNotice: "log" } });
    const context = agentContext({ agentId: "beside", workspaceDir: "/beside" });
    for (const [hook, model] of [
      ["wrapStreamFn", "sim/a"],
      ["wrapSimpleCompletionStreamFn", "sim/small"],
      ["wrapStreamFn", "sim/a"],
    ]) {
      const response = routed({ "x-taas-autorouter-model": model });
      await modelCall(provider, { context, hook, response });
    }
    assert.deepEqual(lines, []);
  });

  test("the line about a change of route comes from a call of the plugin", async () => {
    const { provider, lines } = register({ pluginConfig: { routeNotice: "log" } });
    const context = agentContext({ agentId: "noticed", workspaceDir: "/noticed" });
    for (const model of ["sim/a", "sim/a", "sim/b"]) {
      await modelCall(provider, {
        context,
        response: routed({ "x-taas-autorouter-model": model }),
      });
    }
    assert.deepEqual(lines, [
      "taas-affinity: the model of agent noticed changed from sim/a to sim/b",
    ]);
  });
});
