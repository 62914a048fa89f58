// What is read from responses, what is kept, and what the gateway method answers.

import assert from "node:assert/strict";
import { homedir } from "node:os";
import { describe, test } from "node:test";

import { agentContext, METHOD, modelCall, register, routed, SESSION } from "./support/plugin.mjs";

const { provider, ask, methods } = register();

const FULL = {
  "x-request-id": "req-1",
  "x-trace-id": "trace-1",
  "x-openclaw-turn-id": "echoed-turn",
  "x-openclaw-attempt": "9",
  "x-taas-autorouter-model": "anthropic/claude",
  "x-taas-autorouter-mode": "balanced",
  "x-taas-autorouter-algorithm-source": "default",
  "x-taas-thinking-applied": "low",
  "x-taas-routed-context-window": "200000",
};

async function captured(headers, call = {}) {
  await modelCall(provider, { ...call, response: { status: 200, headers } });
  return ask({ agentId: call.context?.agentId ?? "new-agent-2" }).payload.capture;
}

describe("a capture", () => {
  test("a capture has every field of the response headers", async () => {
    const before = Date.now();
    const capture = await captured(routed(FULL).headers);
    assert.ok(Number.isInteger(capture.capturedAt));
    assert.ok(before <= capture.capturedAt && capture.capturedAt <= Date.now());
    assert.deepEqual(
      { ...capture, capturedAt: 0 },
      {
        sessionId: SESSION,
        capturedAt: 0,
        taasRequestId: "req-1",
        taasTraceId: "trace-1",
        openclawTurnId: "turn-1",
        openclawAttempt: "1",
        autorouterModel: "anthropic/claude",
        autorouterAlgo: "balanced",
        autorouterAlgoSource: "default",
        thinkingApplied: "low",
        routedContextWindow: 200000,
      },
    );
  });

  test("the latest route of an agent is that of its last run, and routes marks completions", async () => {
    const context = agentContext({ agentId: "titled", workspaceDir: "/titled" });
    const answered = (model, hook) =>
      captured(routed({ "x-taas-autorouter-model": model }).headers, { hook, context });
    const completion = "wrapSimpleCompletionStreamFn";
    assert.equal((await answered("mistral/tiny", completion)).autorouterModel, "mistral/tiny");
    assert.equal((await answered("anthropic/claude")).autorouterModel, "anthropic/claude");
    assert.equal((await answered("mistral/tiny", completion)).autorouterModel, "anthropic/claude");
    const kinds = (params) => {
      let found;
      const respond = (_, answer) => (found = answer);
      methods
        .get("taas.affinity.routes")
        .handler({ params: { agentId: "titled", ...params }, respond });
      return found.routes.map(({ kind, autorouterModel }) => `${kind} ${autorouterModel}`);
    };
    const [title, run] = ["completion mistral/tiny", "run anthropic/claude"];
    assert.deepEqual(kinds({}), [title, run, title]);
    assert.deepEqual(kinds({ kind: "run" }), [run]);
    assert.deepEqual(kinds({ kind: "completion" }), [title, title]);
  });

  test("a response whose status is no number is no route", async () => {
    const context = agentContext({ agentId: "odd-status", agentDir: undefined });
    for (const status of [Number.NaN, Number.POSITIVE_INFINITY, "ok", {}]) {
      const { headers } = routed();
      await modelCall(provider, { context, response: { status, headers } });
      assert.equal(ask({ agentId: "odd-status" }).payload.capture, null, String(status));
    }
  });

  test("without a turn state the capture takes the turn from the response's echo", async () => {
    const capture = await captured(routed(FULL).headers, { turn: null });
    assert.equal(capture.openclawTurnId, "echoed-turn");
    assert.equal(capture.openclawAttempt, "9");
  });

  test("a capture has the turn id that the caller set", async () => {
    const capture = await captured(routed(FULL).headers, {
      options: { headers: { "x-openclaw-turn-id": "caller's" } },
    });
    assert.equal(capture.openclawTurnId, "caller's");
    assert.equal(capture.openclawAttempt, "1");
  });

  test("missing fields of a capture are null", async () => {
    const capture = await captured(routed().headers, { turn: null });
    const { sessionId, capturedAt, ...rest } = capture;
    assert.deepEqual(new Set(Object.values(rest)), new Set([null]));
    assert.equal(Object.keys(rest).length, 9);
  });

  test("response headers are read in any letter case and any container", async () => {
    const upper = { "X-TaaS-Autorouted": " True ", "X-TAAS-AUTOROUTER-MODEL": "m-1" };
    for (const [index, headers] of [
      upper,
      new Headers(upper),
      new Map(Object.entries(upper)),
      Object.entries(upper),
      Object.assign(Object.create(null), upper),
    ].entries()) {
      const agentId = `container-${index}`;
      const capture = await captured(headers, { context: agentContext({ agentId }) });
      assert.equal(capture.autorouterModel, "m-1");
    }
  });

  test("a response that was not autorouted keeps the last capture", async () => {
    const first = await captured(routed({ "x-request-id": "stands" }).headers);
    for (const headers of [
      {},
      { "x-request-id": "other" },
      { "x-taas-autorouted": "false", "x-request-id": "other" },
      { "x-taas-autorouted": true, "x-request-id": "other" },
      undefined,
      null,
      "x-taas-autorouted: true",
      7,
    ]) {
      assert.deepEqual(await captured(headers), first, String(headers));
    }
  });

  test("a failed response keeps the last capture", async () => {
    const first = await captured(routed({ "x-request-id": "stands" }).headers);
    for (const status of [503, 429, 400, 304]) {
      const response = { ...routed({ "x-request-id": "failed" }), status };
      await modelCall(provider, { response });
      assert.deepEqual(ask({ agentId: "new-agent-2" }).payload.capture, first, String(status));
    }
  });

  test("hostile header values are bounded, cleaned or ignored", async () => {
    const capture = await captured(
      routed({
        "x-request-id": 7,
        "x-taas-request-id": "second",
        "x-trace-id": ["a"],
        "x-taas-autorouter-model": `a\u0000\u001b[31m${"m".repeat(1_000_000)}`,
        "x-taas-autorouter-mode": "\ud800lone",
        "x-taas-thinking-applied": null,
        "x-taas-routed-context-window": "1e9",
      }).headers,
    );
    assert.equal(capture.taasRequestId, "second");
    assert.equal(capture.taasTraceId, null);
    assert.equal(capture.autorouterModel, `a[31m${"m".repeat(251)}`);
    assert.equal(capture.autorouterAlgo, "\ufffdlone");
    assert.equal(capture.thinkingApplied, null);
    assert.equal(capture.routedContextWindow, null);
  });

  test("a response with 20,000 headers gives an ordinary capture", async () => {
    const headers = Object.fromEntries(
      Array.from({ length: 20_000 }, (_, index) => [`x-noise-${index}`, "y".repeat(100)]),
    );
    const capture = await captured({ ...headers, ...routed({ "x-request-id": "found" }).headers });
    assert.equal(capture.taasRequestId, "found");
  });
});

describe("the table", () => {
  test("the table keeps the latest 256 sessions and agents", async () => {
    for (let index = 0; index < 300; index += 1) {
      const context = agentContext({ agentId: `bound-${index}`, workspaceDir: `/bound/${index}` });
      await modelCall(provider, { context, response: routed() });
    }
    assert.equal(ask({ agentId: "bound-43" }).payload.capture, null);
    assert.equal(ask({ workspaceDir: "/bound/43" }).payload.capture, null);
    assert.notEqual(ask({ agentId: "bound-44" }).payload.capture, null);
    assert.notEqual(ask({ workspaceDir: "/bound/299" }).payload.capture, null);
  });
});

describe(METHOD, () => {
  test("lastRoute needs the scope operator.read", () => {
    assert.deepEqual(methods.get(METHOD).options, { scope: "operator.read" });
  });

  test("lastRoute answers by agent, by session, by workspace and without params", async () => {
    const context = agentContext({ workspaceDir: `${homedir()}/ask-me`, agentId: "ask" });
    await modelCall(provider, { context, response: routed(FULL) });
    const { ok, payload } = ask({ agentId: "ask" });
    assert.equal(ok, true);
    const { sessionId, capture } = payload;
    assert.equal(capture.sessionId, sessionId);
    assert.deepEqual(payload, { agentId: "ask", sessionId, capture });
    for (const params of [
      { sessionId },
      { workspaceDir: `${homedir()}/x/../ask-me/` },
      { workspaceDir: "~/ask-me" },
      {},
      undefined,
      null,
    ]) {
      assert.deepEqual(ask(params), {
        ok: true,
        payload: { sessionId, capture },
        error: undefined,
      });
    }
    assert.equal(ask({ workspaceDir: "/nowhere", sessionId }).payload.sessionId, sessionId);
  });

  test("lastRoute finds an agent in any letter case and answers with the given spelling", async () => {
    const context = agentContext({ agentId: "Ops-Bot" });
    const { headers } = await modelCall(provider, { context, response: routed(FULL) });
    assert.equal(headers["X-OpenClaw-Agent-Id"], "Ops-Bot");
    for (const agentId of ["ops-bot", "Ops-Bot", "OPS-BOT"]) {
      const { payload } = ask({ agentId });
      assert.equal(payload.agentId, agentId);
      assert.equal(payload.capture.taasRequestId, "req-1");
    }
  });

  test("lastRoute answers null for an unknown agent", () => {
    assert.deepEqual(ask({ agentId: "nobody" }).payload, {
      agentId: "nobody",
      sessionId: null,
      capture: null,
    });
    const missing = "oc:0000000000000000";
    assert.deepEqual(ask({ sessionId: missing }).payload, { sessionId: missing, capture: null });
    assert.deepEqual(ask({ workspaceDir: "/" }).payload, {
      sessionId: "oc:8a5edab282632443",
      capture: null,
    });
  });

  test("params that cannot be written as JSON are refused with the plugin's own error", () => {
    const circular = {};
    circular.circular = circular;
    for (const params of [{ agentId: 5n }, circular]) {
      const { ok, error } = ask(params);
      assert.equal(ok, false);
      assert.equal(error.code, "INVALID_REQUEST");
      assert.match(error.message, /params must be a JSON object; accepted keys: agentId/);
    }
  });

  test("of the values that JSON cannot express, only undefined counts as no params", () => {
    const { ask } = register();
    const found = /params must be a JSON object; accepted keys: agentId/;
    for (const params of [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Symbol("x"),
      () => {},
      new Date(Number.NaN),
      { toJSON() {} },
      { toJSON: () => null },
      { toJSON: () => Symbol("x") },
    ]) {
      const { ok, error } = ask(params);
      assert.equal(ok, false);
      assert.match(error.message, found);
    }
    for (const agentId of [Number.NaN, Symbol("x"), () => {}]) {
      assert.match(ask({ agentId }).error?.message, /agentId/);
    }
    assert.equal(ask(undefined).ok, true);
    assert.equal(ask(null).ok, true);
    assert.equal(ask({ agentId: undefined }).ok, true);
  });

  test("an error for bad params names the key and says which values and keys are accepted", () => {
    const noObject = "params must be a JSON object";
    for (const [params, named] of [
      [[], noObject],
      [["main"], noObject],
      ["main", noObject],
      [5, noObject],
      [true, noObject],
      [{ agent: "x" }, 'unknown key "agent"'],
      [{ agentId: "x", extra: 1 }, 'unknown key "extra"'],
      [{ agentId: " " }, "agentId must be a non-blank string"],
      [{ agentId: null }, "agentId must be a non-blank string"],
      [{ sessionId: 5 }, "sessionId must be a non-blank string"],
      [{ workspaceDir: {} }, "workspaceDir must be a non-blank string"],
      [{ agentId: "x", workspaceDir: "" }, "workspaceDir must be a non-blank string"],
      [{ sessionId: "agent:main:main" }, "sessionId must be oc: and 16 lower-case hexadecimal"],
      [{ agentId: "\ud800" }, "agentId must be a non-blank string"],
      [{ agentId: "x".repeat(1_000_000) }, "agentId must be a non-blank string of at most 120"],
    ]) {
      const { ok, payload, error } = ask(params);
      assert.equal(ok, false, JSON.stringify(params).slice(0, 200));
      assert.equal(payload, undefined);
      assert.equal(error.code, "INVALID_REQUEST");
      assert.ok(error.message.includes(named), error.message);
      assert.match(error.message, /; accepted keys: agentId, sessionId, workspaceDir, /);
    }
  });

  test("hostile params get an answer", () => {
    for (const params of [
      { agentId: "x".repeat(1_000_000) },
      { sessionId: "\ud800" },
      { agentId: JSON.parse(`${"[".repeat(200)}${"]".repeat(200)}`) },
      JSON.parse('{"__proto__": "x"}'),
      { workspaceDir: "/".repeat(100_000) },
      Object.assign(() => {}, {}),
      { agentId: 5n },
    ]) {
      assert.equal(typeof ask(params).ok, "boolean");
    }
  });
});
