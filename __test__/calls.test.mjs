// Whose call it is: headers, turn ids and captures of a call reach that call and no other.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

import {
  agentContext,
  forgetWarnings,
  modelCall,
  register,
  routed,
  SESSION,
} from "./support/plugin.mjs";

beforeEach(forgetWarnings);

const { provider, ask } = register();

const TURN = { provider: "cloudsigma", modelId: "auto", turnId: "turn-1", attempt: 1 };
const FOREIGN = { provider: "elsewhere", modelId: "auto", turnId: "foreign", attempt: 1 };

/** Makes a call of ours and runs `inside` where the host's transport would. */
function within(inside, { context, options = {}, model = { id: "auto" } } = {}) {
  let result;
  const streamFn = (_model, _context, given) => {
    result = inside(given);
    return result;
  };
  provider.wrapStreamFn(agentContext({ ...context, streamFn }))(model, {}, options);
  return result;
}

describe("the turn state", () => {
  test("the turn state of another provider gets no headers and keeps our turn id", () => {
    const headers = within((options) => {
      assert.equal(provider.resolveTransportTurnState(FOREIGN), undefined);
      const own = provider.resolveTransportTurnState(TURN);
      assert.equal(provider.resolveTransportTurnState(FOREIGN), undefined);
      options.onResponse(routed());
      return own.headers;
    });
    assert.equal(headers["X-OpenClaw-Turn-Id"], "turn-1");
    assert.equal(ask({ agentId: "new-agent-2" }).payload.capture.openclawTurnId, "turn-1");
  });

  test("the turn state of an inner call of our provider does not carry the identity of the outer call", () => {
    within(
      () => {
        for (const other of [
          { ...TURN, provider: "cloudsigma-staging" },
          { ...TURN, modelId: "other" },
          { ...TURN, sessionId: "another conversation" },
        ]) {
          const { headers } = provider.resolveTransportTurnState(other);
          assert.deepEqual(headers, {
            "X-OpenClaw-Turn-Id": "turn-1",
            "X-OpenClaw-Attempt": "1",
          });
        }
      },
      { options: { sessionId: "one conversation" } },
    );
  });

  test("a turn state outside any call carries turn and attempt, unless the configuration sets them", () => {
    assert.deepEqual(provider.resolveTransportTurnState(TURN), {
      headers: { "X-OpenClaw-Turn-Id": "turn-1", "X-OpenClaw-Attempt": "1" },
    });
    const model = { headers: { "x-openclaw-TURN-id": "set" } };
    assert.deepEqual(provider.resolveTransportTurnState({ ...TURN, model }), {
      headers: { "X-OpenClaw-Attempt": "1" },
    });
    assert.equal(provider.resolveTransportTurnState(FOREIGN), undefined);
  });
});

test("a header that the caller sets to null stays null, whatever the configuration sets", () => {
  const headers = within(() => provider.resolveTransportTurnState(TURN).headers, {
    options: { headers: { "x-openclaw-turn-id": null } },
    model: { id: "auto", headers: { "X-OpenClaw-Turn-Id": "configured" } },
  });
  assert.equal("X-OpenClaw-Turn-Id" in headers, false);
  within((options) => options.onResponse(routed()), {
    options: { headers: { "x-openclaw-turn-id": null } },
    model: { id: "auto", headers: { "X-OpenClaw-Turn-Id": "configured" } },
  });
  assert.equal(ask({ agentId: "new-agent-2" }).payload.capture.openclawTurnId, null);
});

describe("calls within calls", () => {
  test("an inner call of another agent has its own headers, and the outer call keeps its headers", () => {
    const [outer, inner] = within(() => {
      const nested = within(() => provider.resolveTransportTurnState({ ...TURN, turnId: "in" }), {
        context: { agentId: "inner", workspaceDir: "/" },
      });
      return [provider.resolveTransportTurnState(TURN), nested];
    });
    assert.equal(outer.headers["X-OpenClaw-Agent-Id"], "new-agent-2");
    assert.equal(outer.headers["X-OpenClaw-Turn-Id"], "turn-1");
    assert.equal(inner.headers["X-OpenClaw-Agent-Id"], "inner");
    assert.equal(inner.headers["X-OpenClaw-Turn-Id"], "in");
  });

  test("an inner call that goes out untouched does not change the context of the outer call", () => {
    const unreadable = Object.defineProperty({}, "headers", {
      get() {
        throw new Error("boom");
      },
    });
    const inner = within(() =>
      within(
        (options) => {
          assert.equal(options, unreadable);
          return provider.resolveTransportTurnState(TURN);
        },
        { options: unreadable },
      ),
    );
    assert.equal("X-Session-Id" in inner.headers, false);
    assert.equal("X-OpenClaw-Agent-Id" in inner.headers, false);
  });

  test("a call of another provider inside a fallback carries nothing of ours", async () => {
    const foreign = await within(() =>
      modelCall(provider, {
        context: { ...agentContext(), provider: "elsewhere" },
        turn: FOREIGN,
        response: routed({ "x-request-id": "foreign" }),
      }),
    );
    assert.equal(foreign.wrapped, false);
    assert.deepEqual(foreign.headers, {});
    assert.equal("metadata" in foreign.payload, false);
    assert.notEqual(ask({}).payload.capture?.taasRequestId, "foreign");
  });
});

test("two wrappers around one call extend the call once", async () => {
  const requests = [];
  const inner = provider.wrapStreamFn(
    agentContext({
      streamFn: async (_model, _context, options) => {
        await null;
        const { headers } = provider.resolveTransportTurnState(TURN);
        const payload = await options.onPayload({ messages: [] });
        options.onResponse(routed({ "x-request-id": "once" }));
        requests.push({ headers: { ...options.headers, ...headers }, payload });
      },
    }),
  );
  // The outer one knows less, and the host spreads the options in between.
  const between = (model, context, options) => inner(model, context, { ...options, between: true });
  const outer = provider.wrapStreamFn(agentContext({ agentDir: undefined, streamFn: between }));
  await outer({ id: "auto" }, {}, { headers: { traceparent: "00" } });
  const [{ headers, payload }] = requests;
  assert.equal(headers["X-Session-Id"], SESSION);
  assert.equal(headers["X-OpenClaw-Turn-Id"], "turn-1");
  assert.equal(payload.metadata.session_id, SESSION);
  const { capture } = ask({ agentId: "new-agent-2" }).payload;
  assert.equal(capture.taasRequestId, "once");
  assert.equal(capture.openclawTurnId, "turn-1");
});

describe("a resolved model", () => {
  const context = {
    provider: "cloudsigma",
    modelId: "auto",
    agentDir: "/s/agents/ops/agent",
    workspaceDir: "/home/cloudsigma/.openclaw/workspace",
  };
  const model = { id: "auto", headers: { "x-own": "1" }, compat: { a: 1 } };
  const resolve = (changes) => provider.normalizeResolvedModel({ ...context, model, ...changes });
  const WORKSPACE_SESSION = "oc:583c4ba8ac9a207f";

  test("a resolved model carries our headers beside its own headers", () => {
    const { headers, ...rest } = resolve();
    // As it shows in a listing of names: what only we look for has none.
    assert.deepEqual(Object.fromEntries(Object.entries(rest)), { id: "auto", compat: { a: 1 } });
    assert.equal(headers["x-own"], "1");
    assert.equal(headers["X-Session-Id"], WORKSPACE_SESSION);
    assert.equal(headers["X-OpenClaw-Agent-Id"], "ops");
    assert.deepEqual(model, { id: "auto", headers: { "x-own": "1" }, compat: { a: 1 } });
    assert.deepEqual(
      Reflect.ownKeys(headers).filter((key) => typeof key === "symbol"),
      [],
    );
  });

  test("a resolved model of another provider or of no provider stays unchanged", () => {
    assert.equal(resolve({ provider: "elsewhere" }), undefined);
    for (const none of [undefined, null, "auto"]) {
      forgetWarnings();
      assert.equal(resolve({ model: none }), undefined, String(none));
    }
  });

  test("a model that is resolved again keeps the headers of the configuration, in any letter case", () => {
    const own = { ...model, headers: { "x-SESSION-id": "by hand" } };
    const once = resolve({ model: own });
    const twice = resolve({ model: once, workspaceDir: "/" });
    for (const { headers } of [once, twice]) {
      const names = Object.keys(headers).map((name) => name.toLowerCase());
      assert.equal(new Set(names).size, names.length);
      assert.equal(headers["x-SESSION-id"], "by hand");
      assert.equal(headers["X-OpenClaw-Agent-Id"], "ops");
    }
    assert.equal(
      resolve({ model: resolve(), workspaceDir: "/" }).headers["X-Session-Id"],
      "oc:8a5edab282632443",
    );
  });

  test("a resolved model gives its simple completion the identity in header and body", async () => {
    const call = await modelCall(provider, {
      hook: "wrapSimpleCompletionStreamFn",
      context: { provider: "cloudsigma", modelId: "auto", model: resolve() },
      model: resolve(),
      response: routed({ "x-request-id": "title" }),
    });
    assert.equal(call.headers["X-Session-Id"], WORKSPACE_SESSION);
    assert.equal(call.headers["X-OpenClaw-Agent-Id"], "ops");
    assert.equal(call.headers["X-OpenClaw-Turn-Id"], "turn-1");
    assert.equal(call.payload.metadata.session_id, WORKSPACE_SESSION);
    assert.equal(call.payload.metadata.openclaw_correlation.agent_id, "ops");
    assert.equal(ask({ agentId: "ops" }).payload.capture.taasRequestId, "title");
  });

  test("the wrapper of an agent run replaces the headers of the model, so header and body agree", async () => {
    const call = await modelCall(provider, { model: resolve() });
    assert.equal(call.headers["X-Session-Id"], SESSION);
    assert.equal(call.payload.metadata.session_id, SESSION);
  });

  test("a resolved model does not replace a header that the configuration set", async () => {
    const own = { ...model, headers: { "X-Openclaw-Agent-ID": "by hand" } };
    const call = await modelCall(provider, { model: resolve({ model: own }) });
    assert.equal("X-OpenClaw-Agent-Id" in call.headers, false);
  });
});

describe("a model whose headers the host copied and extended", () => {
  const several = { agents: { entries: { a: {}, b: {} } } };
  const resolved = (id, model) =>
    provider.normalizeResolvedModel({
      provider: "cloudsigma",
      modelId: "auto",
      agentDir: `/s/agents/${id}/agent`,
      workspaceDir: `/w/${id}`,
      model,
    });
  const copied = (model) => ({
    ...model,
    headers: { ...model.headers, Authorization: "Bearer x" },
  });

  test("a copied model gives its simple completion the same identity in headers and body", async () => {
    const model = copied(resolved("a", { id: "auto" }));
    const { options, payload } = await modelCall(provider, {
      hook: "wrapSimpleCompletionStreamFn",
      model,
      context: { provider: "cloudsigma", modelId: "auto", model, config: several },
    });
    assert.equal(options.headers["X-OpenClaw-Agent-Id"], "a");
    assert.equal(payload.metadata.session_id, model.headers["X-Session-Id"]);
    assert.equal(payload.metadata.openclaw_correlation.agent_id, "a");
  });

  test("a copied model in a run of another workspace carries the identity of that run in headers and body", async () => {
    const model = copied(resolved("a", { id: "auto" }));
    const { options, payload } = await modelCall(provider, {
      model,
      context: agentContext({ model }),
    });
    assert.equal(options.headers["X-Session-Id"], payload.metadata.session_id);
  });

  test("a copied model that is resolved for the next agent carries that agent's identity and keeps the host's headers", () => {
    const { headers } = resolved("b", copied(resolved("a", { id: "auto", headers: { x: "1" } })));
    assert.deepEqual(headers, {
      ...resolved("b", { id: "auto" }).headers,
      x: "1",
      Authorization: "Bearer x",
    });
  });
});

describe("a simple completion whose model names no agent", () => {
  const config = (agents) => ({ agents });
  const hostAgents = {
    resolveAgentWorkspaceDir: (_config, id) => `/w/${id}`,
    resolveAgentDir: (_config, id) => `/custom/${id}`,
  };
  const host = register({ runtime: { agent: hostAgents } });
  const agentOf = async (agents) => {
    const { headers, payload } = await modelCall(host.provider, {
      hook: "wrapSimpleCompletionStreamFn",
      context: { provider: "cloudsigma", modelId: "auto", config: config(agents) },
    });
    assert.equal(payload.metadata.session_id, headers["X-Session-Id"]);
    return headers["X-OpenClaw-Agent-Id"];
  };

  test("a simple completion without an agent belongs to the only configured agent, else to main", async () => {
    assert.equal(await agentOf({ entries: { ops: {} } }), "ops");
    assert.equal(await agentOf({ list: [{ id: "ops" }] }), "ops");
    assert.equal(await agentOf({}), "main");
    assert.equal(await agentOf(undefined), "main");
  });

  test("a simple completion without an agent shares the session of the only agent's runs", async () => {
    const simple = await modelCall(host.provider, {
      hook: "wrapSimpleCompletionStreamFn",
      context: {
        provider: "cloudsigma",
        modelId: "auto",
        config: config({ entries: { ops: {} } }),
      },
    });
    const run = await modelCall(host.provider, {
      context: agentContext({ agentId: "ops", workspaceDir: "/w/ops" }),
    });
    assert.equal(simple.headers["X-Session-Id"], run.headers["X-Session-Id"]);
  });

  test("a simple completion names no agent if several agents are configured", async () => {
    assert.equal(await agentOf({ entries: { a: {}, b: {} } }), undefined);
    assert.equal(await agentOf({ list: [{ id: "a" }, { id: "b" }] }), undefined);
  });

  test("an agent directory that the configuration places elsewhere still names its agent", () => {
    const { headers } = host.provider.normalizeResolvedModel({
      provider: "cloudsigma",
      modelId: "auto",
      model: { id: "auto" },
      agentDir: "/custom/ops",
      workspaceDir: "/srv/project",
      config: config({ entries: { ops: {}, main: {} } }),
    });
    assert.equal(headers["X-OpenClaw-Agent-Id"], "ops");
  });
});
