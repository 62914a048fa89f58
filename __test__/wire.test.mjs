// What goes on the wire: which requests, whose they are, what their body and headers get.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";

import {
  agentContext,
  modelCall,
  native,
  register,
  SESSION,
  VERSION,
  WORKSPACE,
} from "./support/plugin.mjs";

const hash = (text) => createHash("sha256").update(text).digest("hex").slice(0, 16);
const { provider, providers, methods } = register();

/** Runs `body` with exactly these of the identity's environment variables. */
async function withEnv(variables, body) {
  const names = [
    "OPENCLAW_SESSION_ID",
    "OPENCLAW_AGENT_ID",
    "OPENCLAW_RUN_ID",
    "OPENCLAW_STATE_DIR",
  ];
  const before = names.map((name) => process.env[name]);
  for (const name of names) {
    delete process.env[name];
  }
  Object.assign(process.env, variables);
  try {
    return await body();
  } finally {
    names.forEach((name, index) => {
      delete process.env[name];
      if (before[index] !== undefined) {
        process.env[name] = before[index];
      }
    });
  }
}

describe("which requests", () => {
  test("one provider, for both ids, with all four hooks", () => {
    assert.equal(providers.length, 1);
    assert.equal(provider.id, "taas-affinity-hook");
    assert.deepEqual(provider.hookAliases, ["cloudsigma", "cloudsigma-staging"]);
    assert.deepEqual(provider.auth, []);
    for (const hook of [
      "wrapStreamFn",
      "wrapSimpleCompletionStreamFn",
      "resolveTransportTurnState",
      "normalizeResolvedModel",
    ]) {
      assert.equal(typeof provider[hook], "function", hook);
    }
    const scopes = [...methods].map(([name, { options }]) => [name, options.scope]);
    assert.deepEqual(Object.fromEntries(scopes), {
      "taas.autorouter.lastRoute": "operator.read",
      "taas.affinity.lastRoute": "operator.read",
      "taas.affinity.status": "operator.read",
      "taas.affinity.routes": "operator.read",
      "taas.autorouter.setAlgorithm": "operator.write",
    });
  });

  test("agent runs and simple completions of our providers are wrapped", async () => {
    for (const hook of ["wrapStreamFn", "wrapSimpleCompletionStreamFn"]) {
      for (const id of ["cloudsigma", "cloudsigma-staging"]) {
        const call = await modelCall(provider, { hook, context: agentContext({ provider: id }) });
        assert.equal(call.headers["X-Session-Id"], SESSION, `${hook} ${id}`);
        assert.equal(call.payload.metadata.session_id, SESSION, `${hook} ${id}`);
        assert.equal(call.payload.metadata.requester_runtime.provider, id);
      }
    }
  });

  test("any other provider is left alone", async () => {
    for (const id of ["openai", "cloudsigma2", "", undefined, null, 7, {}]) {
      const call = await modelCall(provider, { context: agentContext({ provider: id }) });
      assert.equal(call.wrapped, false, String(id));
    }
  });

  test("without a stream function there is nothing to wrap", () => {
    assert.equal(provider.wrapStreamFn(agentContext()), undefined);
  });

  test("a stream is handed on as it comes, also synchronously", () => {
    const stream = { [Symbol.asyncIterator]() {} };
    const wrapped = provider.wrapSimpleCompletionStreamFn(agentContext({ streamFn: () => stream }));
    assert.equal(wrapped({}, {}, {}), stream);
  });

  test("model, context and further arguments reach the stream function", () => {
    let seen;
    const wrapped = provider.wrapStreamFn(
      agentContext({
        streamFn: (...args) => {
          seen = args;
        },
      }),
    );
    const [model, context, signal] = [{}, {}, {}];
    wrapped(model, context, { signal, apiKey: "k" }, "further");
    assert.equal(seen[0], model);
    assert.equal(seen[1], context);
    assert.equal(seen[2].signal, signal);
    assert.equal(seen[2].apiKey, "k");
    assert.equal(seen[3], "further");
  });
});

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

  test("workspace vectors", async () => {
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

  test("any path is the one that path.resolve returns", async () => {
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

  test("environment vectors, in their order", async () => {
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

  test("a simple completion, which has no workspace, gets the state directory's", async () => {
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

  test("the first that applies", async () => {
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

  test("two agents of one gateway never become one", async () => {
    const of = (id) =>
      agentOf({ provider: "cloudsigma", agentDir: `/s/agents/${id}/agent`, workspaceDir: "/w" });
    assert.deepEqual([await of("a"), await of("b")], ["a", "b"]);
  });

  test("none is made up", async () => {
    assert.equal(await withEnv({}, () => agentOf({ provider: "cloudsigma" })), undefined);
  });
});

describe("the body", () => {
  test("the whole envelope, in its order", async () => {
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

  test("the model is modelId, else model.id, else left out", async () => {
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

  test("a present key stays as it is, whatever its value", async () => {
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

  test("with all four there, the caller's own payload goes out", async () => {
    const payload = {
      metadata: { session_id: 1, sticky_key: 2, requester_runtime: 3, openclaw_correlation: 4 },
    };
    const call = await modelCall(provider, { payload });
    assert.equal(call.payloadResult, undefined);
  });

  test("metadata that is no object of keys sends the payload untouched", async () => {
    for (const metadata of [null, "text", "", 5, 0, true, false, [], [1], () => {}]) {
      const call = await modelCall(provider, { payload: { metadata, messages: [] } });
      assert.equal(call.payloadResult, undefined, String(metadata));
    }
    const call = await modelCall(provider, { payload: { metadata: undefined, messages: [] } });
    assert.equal(call.payload.metadata.session_id, SESSION);
  });

  test("a payload that is no object is none of ours", async () => {
    for (const payload of [null, "text", 5, [], () => {}]) {
      assert.equal((await modelCall(provider, { payload })).payloadResult, undefined);
    }
  });

  test("nothing else changes, and nothing of the caller's is mutated", async () => {
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

  test("messages and tools are never looked at", async () => {
    const trap = new Proxy([], {
      get: (_, key) => assert.fail(`messages.${String(key)} was read`),
      ownKeys: () => assert.fail("messages were walked"),
    });
    const call = await modelCall(provider, { payload: { messages: trap, tools: trap } });
    assert.equal(call.payload.messages, trap);
    assert.equal(call.payload.tools, trap);
  });

  test("no path, value, token or bridge name is in it", async () => {
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
  test("all six, where the host gives a turn", async () => {
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

  test("options carry the identity where no turn state is asked for", async () => {
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

  test("what the caller or the configuration sets stays, in any letter case, undoubled", async () => {
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

  test("an undefined header is not set, an empty or null one is", async () => {
    const headersOf = async (value) =>
      (await modelCall(provider, { options: { headers: { "x-session-id": value } } })).headers;
    assert.equal((await headersOf(undefined))["X-Session-Id"], SESSION);
    assert.equal("X-Session-Id" in (await headersOf("")), false);
    assert.equal("X-Session-Id" in (await headersOf(null)), false);
  });

  test("what is no agent id is neither in the headers nor in the body", async () => {
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

  test("odd turn ids and attempts are left out", async () => {
    for (const odd of ["a\nb", "日", "", null, undefined, {}, "x".repeat(201)]) {
      const { headers } = await modelCall(provider, { turn: { turnId: odd, attempt: odd } });
      assert.equal("X-OpenClaw-Turn-Id" in headers, false, String(odd));
      assert.equal("X-OpenClaw-Attempt" in headers, false, String(odd));
    }
  });

  test("an attempt that is no positive integer is left out", async () => {
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
      const capture = JSON.parse(native.latestByAgent(`agent-${index}`));
      assert.equal(capture.openclawTurnId, `turn-${index}`);
      assert.equal(capture.openclawAttempt, String(index + 1));
    });
  });
});

describe("the caller's own hooks", () => {
  test("onPayload is called as before, and what it returns is what is extended", async () => {
    const order = [];
    const options = {
      async onPayload(...args) {
        order.push([this === options, ...args]);
        return { replaced: true };
      },
    };
    const payload = { messages: [] };
    const call = await modelCall(provider, { options, payload, model: "the model" });
    assert.deepEqual(order, [[true, payload, "the model"]]);
    assert.equal(call.payload.replaced, true);
    assert.equal(call.payload.metadata.session_id, SESSION);
    assert.equal("messages" in call.payload, false);
  });

  test("a mutation by the caller's onPayload is kept", async () => {
    const options = {
      onPayload(payload) {
        payload.temperature = 0;
      },
    };
    const call = await modelCall(provider, { options });
    assert.equal(call.payload.temperature, 0);
    assert.equal(call.payload.metadata.session_id, SESSION);
  });

  test("a return value that we add nothing to is handed on as it is", async () => {
    for (const value of [null, "text", 7]) {
      const call = await modelCall(provider, { options: { onPayload: () => value } });
      assert.equal(call.payloadResult, value);
    }
  });

  test("onResponse is called as before, return value included", async () => {
    const seen = [];
    const options = {
      onResponse(...args) {
        seen.push([this === options, ...args]);
        return "returned";
      },
    };
    const response = { status: 200, headers: {} };
    const call = await modelCall(provider, { options, response, model: "m" });
    assert.deepEqual(seen, [[true, response, "m"]]);
    assert.equal(call.responseResult, "returned");
  });

  test("what the caller's hooks throw arrives as before", async () => {
    const boom = new Error("caller's own");
    const fail = () => {
      throw boom;
    };
    await assert.rejects(modelCall(provider, { options: { onPayload: fail } }), boom);
    await assert.rejects(
      modelCall(provider, { options: { onResponse: fail }, response: { headers: {} } }),
      boom,
    );
  });
});
