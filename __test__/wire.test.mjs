// The body and the headers that a call sends.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { describe, test } from "node:test";
import { withEnv } from "./support/environment.mjs";
import {
  agentContext,
  modelCall,
  register,
  SESSION,
  VERSION,
  WORKSPACE,
} from "./support/plugin.mjs";

const hash = (text) => createHash("sha256").update(text).digest("hex").slice(0, 16);

const { provider, ask } = register();

describe("the body", () => {
  test("the body gets the whole metadata in the order of the contract", async () => {
    const { payload } = await modelCall(provider);
    const expected = {
      model: "auto",
      messages: [{ role: "user", content: "hi" }],
      metadata: {
        session_id: SESSION,
        sticky_key: SESSION,
        requester_runtime: {
          schema_version: "2026-06-04",
          source: "openclaw-taas-affinity",
          session_key: SESSION,
          openclaw_session_id: SESSION,
          requester_host_id: `host:${hash(hostname())}`,
          provider: "cloudsigma",
          model_id: "cloudsigma/auto",
          session_source_hint: "source:695965c65bc23c9f",
          tool_execution: "direction_2_gateway",
          metadata_classification: {
            identifiers: "hashed",
            repository: "name_branch_dirty_only",
            local_paths: "omitted_by_default",
          },
          redaction_policy:
            "no_secrets;no_raw_local_paths;no_env_values;no_git_remotes;no_status_or_diffs;no_extra_params",
        },
        openclaw_correlation: {
          schema_version: "2026-06-05",
          source: "openclaw-taas-affinity",
          plugin_version: VERSION,
          session_id: SESSION,
          sticky_key: SESSION,
          session_source_hint: "source:695965c65bc23c9f",
          agent_id: "new-agent-2",
          provider: "cloudsigma",
          model_id: "cloudsigma/auto",
        },
      },
    };
    assert.equal(JSON.stringify(payload), JSON.stringify(expected));
  });

  test("the model in the metadata is modelId, else model.id, else absent", async () => {
    const modelOf = async (changes) => {
      const { payload } = await modelCall(provider, { context: agentContext(changes) });
      return payload.metadata.requester_runtime.model_id;
    };
    assert.equal(await modelOf({ model: { id: "other" } }), "cloudsigma/auto");
    assert.equal(await modelOf({ modelId: undefined, model: { id: "other" } }), "other");
    assert.equal(await modelOf({ modelId: undefined, model: null }), undefined);
    assert.equal(await modelOf({ modelId: "", model: { id: "other" } }), "other");
    assert.equal(await modelOf({ modelId: `x\n${"日".repeat(300)}` }), `x${"日".repeat(119)}`);
  });

  test("a metadata key that is present stays unchanged, whatever its value", async () => {
    const keys = ["session_id", "sticky_key", "requester_runtime", "openclaw_correlation"];
    for (const value of [null, "", 0, false, "own", { a: 1 }]) {
      for (const key of keys) {
        const metadata = { user: "u", [key]: value };
        const { payload } = await modelCall(provider, { payload: { metadata, messages: [] } });
        assert.deepEqual(Object.keys(payload), ["metadata", "messages"]);
        assert.deepEqual(payload.metadata[key], value);
        assert.equal(payload.metadata.user, "u");
        assert.deepEqual(Object.keys(payload.metadata).sort(), [...keys, "user"].sort());
      }
    }
    const metadata = Object.fromEntries(keys.map((key) => [key, undefined]));
    const { payload } = await modelCall(provider, { payload: { metadata } });
    assert.deepEqual(Object.keys(payload.metadata), keys);
    assert.equal(payload.metadata.session_id, SESSION);
  });

  test("a payload with all four metadata keys goes out unchanged", async () => {
    const payload = {
      metadata: { session_id: 1, sticky_key: 2, requester_runtime: 3, openclaw_correlation: 4 },
    };
    const call = await modelCall(provider, { payload });
    assert.equal(call.payloadResult, undefined);
  });

  test("a payload whose metadata is not an object goes out unchanged", async () => {
    for (const metadata of [null, "text", "", 5, 0, true, false, [], [1], () => {}]) {
      const call = await modelCall(provider, { payload: { metadata, messages: [] } });
      assert.equal(call.payloadResult, undefined, String(metadata));
    }
    const call = await modelCall(provider, { payload: { metadata: undefined, messages: [] } });
    assert.equal(call.payload.metadata.session_id, SESSION);
  });

  test("a payload that is not an object goes out unchanged", async () => {
    for (const payload of [null, "text", 5, [], () => {}]) {
      assert.equal((await modelCall(provider, { payload })).payloadResult, undefined);
    }
  });

  test("the plugin adds only metadata and never mutates the caller's payload", async () => {
    const payload = {
      zeta: 1,
      system: "s",
      tool_choice: { type: "auto" },
      tools: [{ type: "function", function: { name: "f", parameters: { b: 1, a: 2 } } }],
      messages: [
        { role: "assistant", tool_calls: [{ id: "c", function: { arguments: '{"x": 1}' } }] },
        { role: "tool", tool_call_id: "c", content: "\ud800 lone" },
      ],
      alpha: null,
      extra_params: { token: "secret" },
    };
    const before = JSON.stringify(payload);
    const call = await modelCall(provider, { payload });
    assert.equal(JSON.stringify(payload), before);
    const { metadata, ...rest } = call.payload;
    assert.equal(JSON.stringify(rest), before);
    for (const key of Object.keys(payload)) {
      assert.equal(call.payload[key], payload[key], `${key} is the very same value`);
    }
    assert.equal(typeof metadata.session_id, "string");

    const own = { user: "u" };
    const second = await modelCall(provider, { payload: { metadata: own } });
    assert.deepEqual(own, { user: "u" });
    second.payload.metadata.requester_runtime.source = "changed";
    const third = await modelCall(provider);
    assert.equal(third.payload.metadata.requester_runtime.source, "openclaw-taas-affinity");
  });

  test("messages and tools are never read", async () => {
    const trap = new Proxy([], {
      get: (_, key) => assert.fail(`messages.${String(key)} was read`),
      ownKeys: () => assert.fail("messages were walked"),
    });
    const call = await modelCall(provider, { payload: { messages: trap, tools: trap } });
    assert.equal(call.payload.messages, trap);
    assert.equal(call.payload.tools, trap);
  });

  test("the metadata contains no path, environment value, token or bridge name", async () => {
    const secret = "s3cr3t";
    await withEnv(
      {
        OPENCLAW_SESSION_ID: secret,
        OPENCLAW_AGENT_ID: undefined,
        TAAS_REQUESTER_BRIDGE_PLUGIN_ENABLED: "1",
        TAAS_REQUESTER_BRIDGE_LEASE_URL: `http://${secret}/`,
        TAAS_REQUESTER_BRIDGE_POLL_INTERVAL_MS: "5",
      },
      async () => {
        for (const workspaceDir of [WORKSPACE, undefined]) {
          const { payload, headers } = await modelCall(provider, {
            context: agentContext({ workspaceDir, extraParams: { token: secret } }),
            options: { apiKey: secret },
          });
          const sent = JSON.stringify([payload, headers]);
          for (const never of [
            secret,
            "/home/",
            hostname(),
            "available_bridges",
            "capture_mode",
            "requester.tool.invoke",
            "openclaw.tool.invoke",
            "bridge.ping",
            "bridge.echo",
          ]) {
            assert.equal(sent.includes(never), false, never);
          }
        }
      },
    );
    for (const name of ["PLUGIN_ENABLED", "LEASE_URL", "POLL_INTERVAL_MS"]) {
      delete process.env[`TAAS_REQUESTER_BRIDGE_${name}`];
    }
  });
});

describe("the headers", () => {
  test("a call with a turn carries all six headers", async () => {
    const { headers } = await modelCall(provider, { turn: { turnId: "t-9", attempt: 3 } });
    assert.deepEqual(headers, {
      "X-Session-Id": SESSION,
      "X-OpenClaw-Session-Id": SESSION,
      "X-OpenClaw-Agent-Id": "new-agent-2",
      "X-OpenClaw-Plugin-Version": VERSION,
      "X-OpenClaw-Turn-Id": "t-9",
      "X-OpenClaw-Attempt": "3",
    });
  });

  test("the options carry the identity if the host asks for no turn state", async () => {
    const { headers, options } = await modelCall(provider, {
      turn: null,
      options: { headers: { traceparent: "00-1" } },
    });
    assert.equal(headers["X-Session-Id"], SESSION);
    assert.equal(options.headers.traceparent, "00-1");
    assert.equal("X-OpenClaw-Turn-Id" in headers, false);
  });

  test("a turn state outside any call of ours is left to the host", () => {
    assert.equal(provider.resolveTransportTurnState({ turnId: "t", attempt: 1 }), undefined);
  });

  test("a header of the caller or the configuration stays as the only one, in any letter case", async () => {
    const all = [
      "X-Session-Id",
      "X-OpenClaw-Session-Id",
      "X-OpenClaw-Agent-Id",
      "X-OpenClaw-Turn-Id",
      "X-OpenClaw-Attempt",
      "X-OpenClaw-Plugin-Version",
    ];
    for (const name of all) {
      for (const spelled of [name, name.toLowerCase(), name.toUpperCase()]) {
        const own = { [spelled]: "own" };
        for (const [set, where] of [
          [{ options: { headers: own } }, "options"],
          [{ options: { headers: new Headers(own) } }, "Headers"],
          [{ options: { headers: Object.entries(own) } }, "pairs"],
          [{ model: { headers: own } }, "model"],
        ]) {
          const { headers } = await modelCall(provider, set);
          const ours = Object.entries(headers).filter(
            ([key]) => key.toLowerCase() === name.toLowerCase(),
          );
          const expected = where === "model" ? [] : ["own"];
          assert.deepEqual(
            ours.map(([, value]) => value),
            expected,
            `${spelled} in ${where}`,
          );
        }
      }
    }
  });

  test("an undefined header counts as absent, and an empty or null header as present", async () => {
    const headersOf = async (value) =>
      (await modelCall(provider, { options: { headers: { "x-session-id": value } } })).headers;
    assert.equal((await headersOf(undefined))["X-Session-Id"], SESSION);
    assert.equal("X-Session-Id" in (await headersOf("")), false);
    assert.equal("X-Session-Id" in (await headersOf(null)), false);
  });

  test("an invalid agent id is in neither the headers nor the body", async () => {
    for (const odd of [
      "日本",
      "a\r\nX-Evil: 1",
      "a\u0000",
      "x".repeat(65),
      " padded",
      "-a",
      "a/b",
      "..",
    ]) {
      const { headers, payload } = await modelCall(provider, {
        context: agentContext({
          agentId: odd,
          agentDir: `/s/agents/${odd}/agent`,
          workspaceDir: "/",
        }),
      });
      assert.equal("X-OpenClaw-Agent-Id" in headers, false, JSON.stringify(odd));
      assert.equal("agent_id" in payload.metadata.openclaw_correlation, false, JSON.stringify(odd));
      assert.equal(headers["X-Session-Id"], "oc:8a5edab282632443");
    }
    // The next source counts then.
    const { headers } = await modelCall(provider, { context: agentContext({ agentId: "wörk" }) });
    assert.equal(headers["X-OpenClaw-Agent-Id"], "new-agent-2");
    const longest = `A_-9${"x".repeat(60)}`;
    const call = await modelCall(provider, { context: agentContext({ agentId: longest }) });
    assert.equal(call.headers["X-OpenClaw-Agent-Id"], longest);
  });

  test("invalid turn ids and attempts are left out", async () => {
    for (const odd of ["a\nb", "日", "", null, undefined, {}, "x".repeat(201)]) {
      const { headers } = await modelCall(provider, { turn: { turnId: odd, attempt: odd } });
      assert.equal("X-OpenClaw-Turn-Id" in headers, false, String(odd));
      assert.equal("X-OpenClaw-Attempt" in headers, false, String(odd));
    }
  });

  test("an attempt that is not a positive integer is left out", async () => {
    const attemptOf = async (attempt) =>
      (await modelCall(provider, { turn: { turnId: "t", attempt } })).headers["X-OpenClaw-Attempt"];
    for (const odd of [Number.NaN, Infinity, -1, 0, 1.5, 1e21, "0", "-1", "1.0", " 1", true, [1]]) {
      assert.equal(await attemptOf(odd), undefined, String(odd));
    }
    assert.equal(await attemptOf(2), "2");
    assert.equal(await attemptOf("3"), "3");
  });

  test("fifty concurrent calls of one session keep their own turns", async () => {
    const calls = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        modelCall(provider, {
          context: agentContext({ agentId: `agent-${index}` }),
          turn: { turnId: `turn-${index}`, attempt: index + 1 },
          response: { headers: { "x-taas-autorouted": "true", "x-openclaw-turn-id": "echo" } },
        }),
      ),
    );
    calls.forEach(({ headers, payload }, index) => {
      assert.equal(headers["X-OpenClaw-Turn-Id"], `turn-${index}`);
      assert.equal(headers["X-OpenClaw-Agent-Id"], `agent-${index}`);
      assert.equal(payload.metadata.openclaw_correlation.agent_id, `agent-${index}`);
      const { capture } = ask({ agentId: `agent-${index}` }).payload;
      assert.equal(capture.openclawTurnId, `turn-${index}`);
      assert.equal(capture.openclawAttempt, String(index + 1));
    });
  });
});
