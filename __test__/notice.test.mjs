// That another model answers an agent is told once, where the user wants it.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

import { createFaults } from "../lib/faults.js";
import { createNotice } from "../lib/notice.js";
import { agentContext, forgetWarnings, modelCall, register, routed } from "./support/plugin.mjs";

beforeEach(forgetWarnings);

/** A notice whose addon says the given changes in turn. */
function noticed(routeNotice, changes) {
  const lines = [];
  const listeners = {};
  const noted = [];
  const logger = { info: (line) => lines.push(line), warn: (line) => lines.push(line) };
  const notice = createNotice({
    api: { logger, on: (name, listener) => (listeners[name] = listener) },
    native: {
      noteRoute: (agentId) => noted.push(agentId),
      routeChange: () => changes.shift() ?? null,
    },
    faults: createFaults(logger),
    routeNotice,
  });
  const send = (payload, more, context) =>
    listeners.reply_payload_sending(
      { payload, kind: "final", sessionKey: "agent:main:main", ...more },
      context,
    );
  return { notice, noted, lines, listeners, send };
}
const change = (from, to) => JSON.stringify({ from, to });

test("nobody is told by default", () => {
  assert.equal(noticed("off", []).notice, undefined);
});

describe("the log", () => {
  test("gets one line for a change, and none without", () => {
    const { notice, lines, listeners } = noticed("log", [null, change("a", "b"), null]);
    for (let calls = 0; calls < 3; calls += 1) notice("main");
    notice(undefined);
    assert.deepEqual(lines, ["taas-affinity: agent main is answered by b now, by a before"]);
    assert.deepEqual(listeners, {}, "the host keeps its previews of replies");
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
    assert.match(lines[0], /it was not told that a route changed/);
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

describe("the reply", () => {
  test("of the agent gets one line, once", () => {
    const { notice, noted, send, lines } = noticed("reply", [null, change("a", "b")]);
    notice("main");
    assert.deepEqual(noted, ["main"]);
    assert.equal(send({ text: "hi" }), undefined);
    assert.equal(send({ text: "hi" }, { sessionKey: undefined }), undefined);
    for (const [payload, more] of [
      [{ text: "thinking", isReasoning: true }],
      [{ text: "failed", isError: true }],
      [{ text: " " }],
      [{ mediaUrl: "x" }],
      [undefined],
      [{ text: "so far" }, { kind: "block" }],
    ]) {
      assert.equal(send(payload, more), undefined);
    }
    const payload = { text: "hi", replyToId: "1" };
    assert.deepEqual(send(payload), {
      payload: { replyToId: "1", text: "hi\n\n(Answered by b now, by a before.)" },
    });
    assert.deepEqual(payload, { text: "hi", replyToId: "1" });
    assert.equal(send({ text: "hi" }), undefined);
    assert.deepEqual(lines, []);
  });

  test("is left alone where it says that there is none", () => {
    const { send } = noticed("reply", [change("a", "b")]);
    for (const text of [
      "NO_REPLY",
      " no_reply\n",
      "NO_REPLY NO_REPLY",
      "**NO_REPLY**.",
      '"NO_REPLY"',
      '{"action": "NO_REPLY"}',
      "HEARTBEAT_OK",
      "<b>HEARTBEAT_OK</b>",
    ]) {
      assert.equal(send({ text }), undefined, text);
    }
    assert.match(send({ text: "hi" }).payload.text, /by b now/);
  });

  test("gets no character that turns or hides what is shown", () => {
    const { send } = noticed("reply", [change("a\u202eb", "c\u2069d")]);
    assert.doesNotMatch(send({ text: "hi" }).payload.text, /\p{Cf}/u);
  });

  /** An agent that is answered by `models` in turn, and what its next reply gets appended. */
  function replies(agentId) {
    const listeners = {};
    const on = (name, listener) => (listeners[name] = listener);
    const { provider } = register({ pluginConfig: { routeNotice: "reply" }, on });
    const context = agentContext({ agentId, workspaceDir: `/${agentId}` });
    const answered = async (models, hook) => {
      for (const model of models) {
        const response = routed({ "x-taas-autorouter-model": model });
        await modelCall(provider, { context, hook, response });
      }
    };
    const reply = (event, hostContext = { agentId }) => {
      const payload = { text: "hi" };
      return listeners
        .reply_payload_sending({ payload, kind: "final", ...event }, hostContext)
        ?.payload.text.slice("hi\n\n".length);
    };
    return { answered, reply };
  }

  test("in the Control UI, which shows it as it was, tells nothing and uses nothing up", async () => {
    const { answered, reply } = replies("webchat");
    await answered(["sim/a", "sim/b"]);
    assert.equal(reply({ channel: "webchat" }), undefined);
    assert.equal(reply({ channel: "telegram" }), "(Answered by sim/b now, by sim/a before.)");
  });

  test("tells of the model of now, whatever came between", async () => {
    const through = replies("through");
    await through.answered(["sim/a", "sim/b", "sim/c"]);
    assert.equal(through.reply(), "(Answered by sim/c now, by sim/a before.)");
    await through.answered(["sim/d"]);
    assert.equal(through.reply(), undefined, "within a minute");
    const back = replies("back");
    await back.answered(["sim/a", "sim/b", "sim/a"]);
    assert.equal(back.reply(), undefined);
  });

  test("tells nothing of what is made beside an agent's runs", async () => {
    const { answered, reply } = replies("titled");
    await answered(["sim/a"]);
    await answered(["sim/small"], "wrapSimpleCompletionStreamFn");
    assert.equal(reply(), undefined);
    await answered(["sim/b"]);
    await answered(["sim/small"], "wrapSimpleCompletionStreamFn");
    assert.equal(reply(), "(Answered by sim/b now, by sim/a before.)");
  });

  test("is that of the agent however its id is written", async () => {
    for (const [captured, event, context] of [
      ["Ops", { sessionKey: "agent:ops:main" }, {}],
      ["ops-2", {}, { agentId: "Ops-2" }],
    ]) {
      const { answered, reply } = replies(captured);
      await answered(["sim/a", "sim/b"]);
      assert.equal(reply({ sessionKey: "agent:other:main" }, {}), undefined);
      assert.match(reply(event, context), /by sim\/b now/, captured);
    }
  });
});
