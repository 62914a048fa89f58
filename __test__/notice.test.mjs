// That another model answers an agent is told once, where the user wants it.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { createNotice } from "../lib/call/notice.js";
import { createFaults } from "../lib/log.js";
import { agentContext, forgetWarnings, modelCall, register, routed } from "./support/plugin.mjs";

beforeEach(forgetWarnings);

/** A notice whose addon says the given changes in turn. */
function noticed(routeNotice, changes) {
  const lines = [];
  const logger = { info: (line) => lines.push(line), warn: (line) => lines.push(line) };
  const native = { routeChange: () => changes.shift() ?? null };
  const notice = createNotice({ logger, native, faults: createFaults(logger), routeNotice });
  return { notice, lines };
}
const change = (from, to) => JSON.stringify({ from, to });

test("nobody is told by default", () => {
  assert.equal(noticed("off", []).notice, undefined);
});

describe("the log", () => {
  test("gets one line for a change, and none without", () => {
    const { notice, lines } = noticed("log", [null, change("a", "b"), null]);
    for (let calls = 0; calls < 3; calls += 1) notice("main");
    notice(undefined);
    assert.deepEqual(lines, ["taas-affinity: agent main is answered by b now, by a before"]);
  });

  test("gets one bounded line whatever the model is called", () => {
    const { notice, lines } = noticed("log", [change("a\nb\u001b[31m", "x".repeat(10_000))]);
    notice("main");
    assert.equal(lines.length, 1);
    assert.match(lines[0], /^[^\p{Cc}]{50,300}$/u);
  });

  test("gets a warning, and the call nothing, where the addon fails", () => {
    const { notice, lines } = noticed("log", ["no JSON"]);
    notice("main");
    assert.match(lines[0], /the log does not say that a route changed/);
  });

  test("gets no character that turns, hides or cuts what is shown", () => {
    const model = `a\u202eb\u2066c\u200b${"x".repeat(93)}😀`;
    const { notice, lines } = noticed("log", [change(model, "b")]);
    notice("main");
    assert.doesNotMatch(lines[0], /[\p{Cf}\p{Cs}]/u);
  });

  test("gets nothing of what is made beside an agent's runs", async () => {
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

  test("gets it from a call of the plugin", async () => {
    const { provider, lines } = register({ pluginConfig: { routeNotice: "log" } });
    const context = agentContext({ agentId: "noticed", workspaceDir: "/noticed" });
    for (const model of ["sim/a", "sim/a", "sim/b"]) {
      await modelCall(provider, {
        context,
        response: routed({ "x-taas-autorouter-model": model }),
      });
    }
    assert.deepEqual(lines, [
      "taas-affinity: agent noticed is answered by sim/b now, by sim/a before",
    ]);
  });
});
