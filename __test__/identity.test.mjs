// The session id and the agent id of a call.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import path from "node:path";
import { describe, test } from "node:test";
import { withEnv } from "./support/environment.mjs";
import { agentContext, modelCall, register, SESSION, WORKSPACE } from "./support/plugin.mjs";

const hash = (text) => createHash("sha256").update(text).digest("hex").slice(0, 16);

const { provider } = register();

describe("the affinity session id", () => {
  const sessionOf = async (context) => {
    const call = await modelCall(provider, { context });
    const { metadata } = call.payload;
    for (const same of [
      call.headers["X-OpenClaw-Session-Id"],
      metadata.session_id,
      metadata.sticky_key,
      metadata.requester_runtime.session_key,
      metadata.requester_runtime.openclaw_session_id,
      metadata.openclaw_correlation.session_id,
      metadata.openclaw_correlation.sticky_key,
    ]) {
      assert.equal(same, call.headers["X-Session-Id"], "header and body carry one id");
    }
    return call.headers["X-Session-Id"];
  };

  test("each workspace has the session id of the contract", async () => {
    for (const [workspaceDir, id] of [
      [WORKSPACE, SESSION],
      ["/home/cloudsigma/./x/..//.openclaw/workspace-new-agent-2/", SESSION],
      ["/home/cloudsigma/.openclaw/workspace", "oc:583c4ba8ac9a207f"],
      ["/", "oc:8a5edab282632443"],
      ["/tmp/wörk space/日本", "oc:026906256df9bbd4"],
    ]) {
      assert.equal(await sessionOf(agentContext({ workspaceDir })), id, workspaceDir);
    }
  });

  test("a workspace has the session id of the path that path.resolve returns", async () => {
    let seed = 7;
    const random = (below) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % below;
    };
    const parts = ["/", "//", ".", "..", "a", "b c", "ü", "/../", "/./", "...", "~", "\\", "x.y"];
    for (let round = 0; round < 500; round += 1) {
      const length = 1 + random(8);
      const dir = Array.from({ length }, () => parts[random(parts.length)]).join("");
      if (dir.trim() === "") {
        continue;
      }
      const expected = `oc:${hash(path.resolve(dir))}`;
      assert.equal(await sessionOf(agentContext({ workspaceDir: dir })), expected, dir);
    }
  });

  test("environment variables have the session ids and the order of the contract", async () => {
    const session = { OPENCLAW_SESSION_ID: "sess-123" };
    const agent = { OPENCLAW_AGENT_ID: "new-agent-2" };
    const run = { OPENCLAW_RUN_ID: "run-1" };
    const state = { OPENCLAW_STATE_DIR: "/home/cloudsigma/.openclaw" };
    const of = (variables, workspaceDir) =>
      withEnv(variables, () => sessionOf(agentContext({ workspaceDir })));
    assert.equal(await of({ ...session, ...agent, ...run, ...state }), "oc:3451aa385a62dc7b");
    assert.equal(await of({ ...agent, ...run, ...state }), "oc:6bd25cb6db224eaa");
    assert.equal(await of({ ...run, ...state }), `oc:${hash("agent:run-1")}`);
    assert.equal(await of(state), "oc:fa30a4fafbdbb25c");
    assert.equal(await of({ ...session, OPENCLAW_SESSION_ID: " " }, "  "), await of({}));
    assert.equal(await of({ OPENCLAW_SESSION_ID: " x " }), `oc:${hash("env: x ")}`);
    assert.equal(await of(session, "/"), "oc:8a5edab282632443");
    for (const notText of [null, 5, {}, ["/"]]) {
      assert.equal(await of(session, notText), "oc:3451aa385a62dc7b");
    }
  });

  test("a simple completion without a workspace has the session id of the state directory", async () => {
    await withEnv({ OPENCLAW_STATE_DIR: "/home/cloudsigma/.openclaw" }, async () => {
      const call = await modelCall(provider, {
        hook: "wrapSimpleCompletionStreamFn",
        context: { provider: "cloudsigma", modelId: "cloudsigma/auto" },
      });
      assert.equal(call.headers["X-Session-Id"], "oc:fa30a4fafbdbb25c");
      assert.equal(call.payload.metadata.session_id, "oc:fa30a4fafbdbb25c");
      assert.equal("X-OpenClaw-Agent-Id" in call.headers, false);
      assert.equal("agent_id" in call.payload.metadata.openclaw_correlation, false);
    });
  });

  test("a path of 200,000 characters and a lone surrogate are hashed like any other", async () => {
    const long = `/${`${"é".repeat(99)}/`.repeat(2000)}x`;
    assert.equal(await sessionOf(agentContext({ workspaceDir: long })), `oc:${hash(long)}`);
    // UTF-8 has no lone surrogate; Node hashes U+FFFD in its place.
    assert.equal(
      await sessionOf(agentContext({ workspaceDir: "/a\ud800b" })),
      `oc:${hash("/a\ufffdb")}`,
    );
  });
});

describe("the agent id", () => {
  const agentOf = async (context) => {
    const call = await modelCall(provider, { context });
    const id = call.payload.metadata.openclaw_correlation.agent_id;
    assert.equal(call.headers["X-OpenClaw-Agent-Id"], id);
    return id;
  };

  test("the agent id comes from the first source that has a valid id", async () => {
    const all = { agentId: "one", agentDir: "/s/agents/two/agent", workspaceDir: "/w/workspace-3" };
    const base = { provider: "cloudsigma" };
    await withEnv({ OPENCLAW_AGENT_ID: "env", OPENCLAW_RUN_ID: "run" }, async () => {
      assert.equal(await agentOf({ ...base, ...all }), "one");
      assert.equal(await agentOf({ ...base, ...all, agentId: " " }), "two");
      assert.equal(await agentOf({ ...base, ...all, agentId: 5, agentDir: "/s/agent" }), "3");
      assert.equal(await agentOf({ ...base, workspaceDir: "/w/workspace" }), "main");
      assert.equal(await agentOf({ ...base, workspaceDir: "/w/other" }), "other");
      assert.equal(await agentOf({ ...base, workspaceDir: "/" }), "env");
      delete process.env.OPENCLAW_AGENT_ID;
      assert.equal(await agentOf({ ...base }), "run");
    });
  });

  test("two agents of one gateway have two agent ids", async () => {
    const of = (id) =>
      agentOf({ provider: "cloudsigma", agentDir: `/s/agents/${id}/agent`, workspaceDir: "/w" });
    assert.deepEqual([await of("a"), await of("b")], ["a", "b"]);
  });

  test("a call without an agent gets no agent id", async () => {
    assert.equal(await withEnv({}, () => agentOf({ provider: "cloudsigma" })), undefined);
  });
});
