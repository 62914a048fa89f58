// Whatever goes wrong, the call goes out unchanged and one warning says so.

import assert from "node:assert/strict";
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import { beforeEach, describe, test } from "node:test";
import {
  agentContext,
  forgetWarnings,
  modelCall,
  ROOT,
  register,
  routed,
  SESSION,
} from "./support/plugin.mjs";

beforeEach(forgetWarnings);

const boom = () => {
  throw new Error("boom");
};

/** An object whose property `key` cannot be read. */
const trap = (key, object = {}) =>
  Object.defineProperty(object, key, { get: boom, enumerable: true });

describe("hostile input on the request path", () => {
  test("a context that cannot be read leaves the stream function alone, with one warning", () => {
    for (const key of ["workspaceDir", "agentDir", "agentId", "modelId", "streamFn", "provider"]) {
      forgetWarnings();
      const { provider, warnings } = register();
      const context = agentContext({ streamFn: () => "stream" });
      delete context[key];
      trap(key, context);
      assert.equal(provider.wrapStreamFn(context), undefined, key);
      assert.equal(provider.wrapStreamFn(context), undefined, key);
      assert.equal(warnings.length, 1, key);
      assert.match(warnings[0], /^taas-affinity: requests go out without identity: boom/);
    }
  });

  test("options that cannot be read reach the stream function unchanged", async () => {
    for (const options of [
      trap("headers"),
      trap("onPayload"),
      trap("signal"),
      { headers: trap("x-session-id") },
      { headers: new Proxy({}, { ownKeys: boom }) },
      { headers: { [Symbol.iterator]: boom } },
    ]) {
      forgetWarnings();
      const { provider, warnings } = register();
      let seen;
      const streamFn = (_model, _context, given) => {
        seen = given;
        return "stream";
      };
      const wrapped = provider.wrapStreamFn(agentContext({ streamFn }));
      assert.equal(wrapped({}, {}, options), "stream");
      assert.equal(wrapped({}, {}, options), "stream");
      assert.equal(seen, options);
      assert.equal(warnings.length, 1);
    }
  });

  test("a context that cannot be read any more leaves the call alone", () => {
    for (const key of ["provider", "modelId", "config"]) {
      forgetWarnings();
      const { provider } = register();
      const context = agentContext({ streamFn: () => "stream", modelId: Symbol("odd") });
      const wrapped = provider.wrapStreamFn(context);
      trap(key, context);
      for (const options of [{}, new Map(), "options"]) {
        assert.equal(wrapped({}, {}, options), "stream", key);
      }
    }
  });

  test("frozen and missing options are extended", async () => {
    const { provider, warnings } = register();
    const frozen = Object.freeze({ headers: Object.freeze({ a: "b" }) });
    for (const options of [frozen, null]) {
      const call = await modelCall(provider, { options });
      assert.equal(call.headers["X-Session-Id"], SESSION);
      assert.equal(call.payload.metadata.session_id, SESSION);
    }
    assert.deepEqual(warnings, []);
  });

  test("a payload that cannot be read goes out unchanged, with one warning", async () => {
    for (const payload of [
      trap("metadata"),
      trap("messages"),
      { metadata: trap("session_id") },
      { metadata: trap("other") },
      new Proxy({}, { get: boom }),
      new Proxy({}, { ownKeys: boom }),
    ]) {
      forgetWarnings();
      const { provider, warnings } = register();
      for (let round = 0; round < 2; round += 1) {
        const call = await modelCall(provider, { payload });
        assert.equal(call.result, "stream");
        assert.equal(call.payloadResult, undefined);
        assert.equal(call.headers["X-Session-Id"], SESSION);
      }
      assert.equal(warnings.length, 1);
      assert.match(warnings[0], /a request went out without metadata: boom/);
    }
  });

  test("a revoked proxy as payload causes one warning and no error", async () => {
    const { provider, warnings } = register();
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const call = await modelCall(provider, { payload: proxy });
    assert.equal(call.payloadResult, undefined);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /a request went out without metadata/);
  });

  test("a frozen payload is extended as a copy", async () => {
    const { provider } = register();
    const payload = Object.freeze({ metadata: Object.freeze({ user: "u" }), messages: [] });
    const call = await modelCall(provider, { payload });
    assert.equal(call.payload.metadata.session_id, SESSION);
    assert.deepEqual(payload, { metadata: { user: "u" }, messages: [] });
  });

  test("`__proto__` keys and foreign prototypes stay unchanged", async () => {
    const { provider } = register();
    const text = '{"__proto__":{"polluted":1},"metadata":{"__proto__":{"session_id":"x"}}}';
    const call = await modelCall(provider, { payload: JSON.parse(text) });
    assert.ok(Object.hasOwn(call.payload, "__proto__"));
    assert.ok(Object.hasOwn(call.payload.metadata, "__proto__"));
    assert.equal(call.payload.metadata.session_id, SESSION);
    assert.equal({}.polluted, undefined);
    assert.ok(
      JSON.stringify(call.payload).startsWith('{"__proto__":{"polluted":1},"metadata":{"__'),
    );

    class Payload {
      constructor() {
        this.messages = [];
      }
      toJSON() {
        return { wire: true };
      }
    }
    const classy = await modelCall(provider, { payload: new Payload() });
    assert.equal(JSON.stringify(classy.payload), '{"wire":true}');
    const bare = await modelCall(provider, { payload: Object.create(null) });
    assert.equal(bare.payload.metadata.session_id, SESSION);
  });

  test("a turn state that cannot be read is left to the host", async () => {
    const { provider, warnings } = register();
    const call = await modelCall(provider, { turn: trap("turnId") });
    assert.equal(call.turnState, undefined);
    assert.equal(call.options.headers["X-Session-Id"], SESSION);
    assert.equal(warnings.length, 1);
  });

  test("a response that cannot be read reaches the caller's onResponse unchanged", async () => {
    for (const response of [
      trap("headers"),
      { headers: trap("x-taas-autorouted") },
      { headers: new Proxy({}, { ownKeys: boom }) },
      { headers: { [Symbol.iterator]: boom } },
    ]) {
      forgetWarnings();
      const { provider, warnings } = register();
      let seen;
      const options = {
        onResponse: (given) => {
          seen = given;
        },
      };
      await modelCall(provider, { options, response });
      assert.equal(seen, response);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0], /the route of a response was not captured/);
    }
  });

  test("a response header that the plugin does not need is never read", async () => {
    const { provider, warnings, ask } = register();
    const headers = trap("set-cookie", { "x-taas-autorouted": "true", "x-request-id": "read" });
    await modelCall(provider, { response: { headers } });
    assert.deepEqual(warnings, []);
    assert.equal(ask({ agentId: "new-agent-2" }).payload.capture.taasRequestId, "read");
  });

  test("errors that cannot be printed and loggers that throw do not fail a call", async () => {
    const { provider } = register();
    const unprintable = {
      get metadata() {
        throw {
          toString: boom,
        };
      },
    };
    assert.equal((await modelCall(provider, { payload: unprintable })).result, "stream");

    forgetWarnings();
    let provider2;
    const { default: plugin } = await import("../index.js");
    plugin.register({
      rootDir: ROOT,
      logger: { info: boom, warn: boom },
      registerProvider: (given) => {
        provider2 = given;
      },
      registerGatewayMethod: () => {},
    });
    const call = await modelCall(provider2, { payload: trap("metadata") });
    assert.equal(call.result, "stream");
  });

  test("an error of the stream function reaches the caller unchanged", async () => {
    const { provider, warnings } = register();
    const wrapped = provider.wrapStreamFn(agentContext({ streamFn: boom }));
    assert.throws(() => wrapped({}, {}, {}), /boom/);
    assert.deepEqual(warnings, []);
  });

  test("each kind of fault is logged once across all copies", async () => {
    const first = register();
    const second = register();
    await modelCall(first.provider, { payload: trap("metadata") });
    await modelCall(second.provider, { payload: trap("metadata") });
    await modelCall(second.provider, { response: trap("headers") });
    assert.equal(first.warnings.length, 1);
    assert.equal(second.warnings.length, 1);
  });
});

test("without a home directory and a passwd entry only paths with `~` are refused", async (t) => {
  t.mock.method(os, "homedir", () => {
    throw new Error("no such user");
  });
  syncBuiltinESMExports();
  t.after(syncBuiltinESMExports);
  const kept = ["HOME", "USERPROFILE", "OPENCLAW_HOME", "OPENCLAW_STATE_DIR"];
  for (const name of kept) {
    const value = process.env[name];
    delete process.env[name];
    t.after(() => value !== undefined && Object.assign(process.env, { [name]: value }));
  }
  const host = register();
  const call = await modelCall(host.provider, { response: routed() });
  assert.equal(call.headers["X-Session-Id"], SESSION);
  assert.deepEqual(host.warnings, []);
  assert.equal(host.ask({ agentId: "new-agent-2" }).ok, true);
  const { ok, error } = host.ask({ workspaceDir: "~/x" });
  assert.equal(ok, false);
  assert.match(error.message, /home/);
});

describe("OPENCLAW_DEBUG", () => {
  test("a logger that throws unpins no call, and no debug line can be forged", async (t) => {
    process.env.OPENCLAW_DEBUG = "1";
    t.after(() => delete process.env.OPENCLAW_DEBUG);
    const throwing = register({ logger: { info: boom, warn: boom } });
    const call = await modelCall(throwing.provider, { response: routed() });
    assert.equal(call.headers["X-Session-Id"], SESSION);
    assert.equal(call.payload.metadata.session_id, SESSION);
    assert.notEqual(throwing.ask({}).payload.capture, null);

    const { provider, lines } = register();
    const forged = "x\n2026 taas-affinity: capture session=oc:forged";
    for (const changes of [{ agentId: forged }, { agentDir: `/a/agents/${forged}/agent` }]) {
      const context = agentContext({ agentId: undefined, agentDir: undefined, ...changes });
      const model = routed({ "x-taas-autorouter-model": "m\r\nforged" });
      await modelCall(provider, { context, response: model });
    }
    assert.deepEqual(
      lines.filter((line) => /[\r\n]|oc:forged/.test(line)),
      [],
    );
  });

  test("OPENCLAW_DEBUG writes one line for each request and each capture, and no line without it", async (t) => {
    const quiet = register();
    await modelCall(quiet.provider, { response: routed() });
    assert.deepEqual(quiet.lines, []);

    process.env.OPENCLAW_DEBUG = "1";
    t.after(() => delete process.env.OPENCLAW_DEBUG);
    const { provider, lines } = register();
    await modelCall(provider, { response: routed({ "x-taas-autorouter-model": "m-1" }) });
    await modelCall(provider, { response: { headers: {} } });
    assert.equal(lines.length, 3);
    assert.equal(
      lines[0],
      `taas-affinity: request session=${SESSION} source=workspaceDir agent=new-agent-2`,
    );
    assert.match(lines[1], new RegExp(`^taas-affinity: capture session=${SESSION} .*m-1`));
    assert.ok(lines[2].startsWith("taas-affinity: request "));
  });
});
