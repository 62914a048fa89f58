// Sessions of conversations.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { ask, failOnUnhandledRejections, newAgent } from "./support/agents.mjs";
import { modelCall, register, routed } from "./support/plugin.mjs";

failOnUnhandledRejections();

describe("sessions of conversations", () => {
  const VECTOR = "96b334dd-c2c7-4e19-b2ea-2fdf1105f23d";
  const ID = "oc:570e15b86977cc87";

  test("by conversation, header, body, capture, usage and look-ups have the conversation's session id", async () => {
    const host = register({ pluginConfig: { affinity: "conversation" } });
    const context = newAgent();
    const seen = await modelCall(host.provider, {
      context,
      options: { sessionId: VECTOR },
      response: routed({ "x-request-id": context.agentId }),
    });
    await setImmediate();
    for (const id of [
      seen.headers["X-Session-Id"],
      seen.headers["X-OpenClaw-Session-Id"],
      seen.payload.metadata.session_id,
      seen.payload.metadata.sticky_key,
      seen.payload.metadata.requester_runtime.session_key,
      seen.payload.metadata.openclaw_correlation.session_id,
    ]) {
      assert.equal(id, ID);
    }
    assert.equal(seen.headers["X-OpenClaw-Agent-Id"], context.agentId);
    for (const params of [
      { sessionId: ID },
      { conversationId: VECTOR },
      { localSessionId: VECTOR },
      { workspaceDir: context.workspaceDir },
    ]) {
      const { capture } = ask(host, "taas.affinity.lastRoute", params);
      assert.equal(capture.taasRequestId, context.agentId, JSON.stringify(params));
      assert.equal(capture.sessionId, ID);
    }
    const [row] = ask(host, "taas.affinity.status", { conversationId: VECTOR }).sessions;
    assert.deepEqual(
      [row.sessionId, row.source, row.agentId],
      [ID, "conversation", context.agentId],
    );
  });

  test("by conversation, a call without a conversation has the session id of its workspace", async () => {
    const host = register({ pluginConfig: { affinity: "conversation" } });
    const context = newAgent();
    const idOf = async (options) =>
      (await modelCall(host.provider, { context, options })).headers["X-Session-Id"];
    const byWorkspace = (await modelCall(register().provider, { context })).headers["X-Session-Id"];
    for (const none of [undefined, "", " ", 5, null]) {
      assert.equal(await idOf({ sessionId: none }), byWorkspace, String(none));
    }
    assert.notEqual(await idOf({ sessionId: "x" }), await idOf({ sessionId: "y" }));
  });

  test("by workspace, a conversation is found by its own id too", async () => {
    const host = register();
    const context = newAgent();
    const id = `conversation-${context.agentId}`;
    const { headers } = await modelCall(host.provider, {
      context,
      options: { sessionId: id },
      response: routed(),
    });
    const found = ask(host, "taas.autorouter.lastRoute", { localSessionId: id });
    assert.deepEqual([found.localSessionId, found.sessionId], [id, headers["X-Session-Id"]]);
  });

  test("the session of a conversation is known after a call without a route and after a failed call", async () => {
    const host = register();
    for (const response of [undefined, { status: 200, headers: {} }, { status: 429 }]) {
      const context = newAgent();
      const id = `unrouted-${context.agentId}`;
      const { headers } = await modelCall(host.provider, {
        context,
        options: { sessionId: id },
        response,
      });
      await setImmediate();
      for (const key of ["conversationId", "localSessionId"]) {
        const { sessions, agents } = ask(host, "taas.affinity.status", { [key]: id });
        assert.deepEqual(
          [sessions.map(({ sessionId }) => sessionId), agents.map(({ agentId }) => agentId)],
          [[headers["X-Session-Id"]], [context.agentId]],
        );
      }
    }
  });
});
