// Answers that the host tells nobody of: they are read where Node publishes what goes through undici.

import assert from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, beforeEach, describe, test } from "node:test";

import { shared } from "../lib/addon/shared.js";
import {
  agentContext,
  forgetCalls,
  forgetWarnings,
  modelCall,
  register,
  SESSION,
} from "./support/plugin.mjs";

const created = channel("undici:request:create");
const answered = channel("undici:request:headers");

const routeOf = (id) => ["x-taas-autorouted", "true", "x-request-id", id];

/** What undici publishes: names and values in turn, those of an answer as bytes. */
const pairs = (headers) => Object.entries(headers).flat();
const answer = (request, statusCode, ...headers) =>
  answered.publish({
    request,
    response: { statusCode, headers: headers.map((text) => Buffer.from(text)) },
  });

let host;
beforeEach(() => {
  forgetWarnings();
  forgetCalls();
  host = register();
});

/** A call whose transport does `send` with the options' headers, and tells nobody of the answer. */
function call(agentId, send, { provider = host.provider, options = {} } = {}) {
  const streamFn = async (_model, _context, given) => {
    await null;
    return send(given.headers, given);
  };
  const context = agentContext({ agentId, workspaceDir: `/channel/${agentId}`, streamFn });
  return provider.wrapStreamFn(context)({}, {}, options);
}

const captureOf = (agentId) => host.ask({ agentId }).payload.capture;

describe("a real request", () => {
  const server = createServer((request, response) => {
    const id = request.headers["x-openclaw-agent-id"];
    const status = Number(request.url.slice(1));
    const headers = {
      "X-TaaS-Autorouted": "true",
      "X-Request-Id": `real-${id}`,
      "Set-Cookie": "a",
    };
    setTimeout(() => response.writeHead(status, headers).end("{}"), id?.length);
  });
  before(() => once(server.listen(0, "127.0.0.1"), "listening"));
  after(() => server.close());
  const url = (status) => `http://127.0.0.1:${server.address().port}/${status}`;

  test("each of several concurrent requests is captured for its own call", async () => {
    const agents = ["slow-by-its-long-name", "one", "another", "four"];
    for (let round = 0; round < 3; round += 1) {
      const sent = agents.map((agent) =>
        call(agent, async (headers) => (await fetch(url(200), { headers })).text()),
      );
      await Promise.all(sent);
      for (const agent of agents) {
        assert.equal(captureOf(agent).taasRequestId, `real-${agent}`);
      }
    }
    assert.deepEqual(host.warnings, []);
  });

  test("each of several requests over one connection is captured for its own call", async () => {
    await fetch(url(200));
    const { constructor: Agent } = globalThis[Symbol.for("undici.globalDispatcher.1")];
    const dispatcher = new Agent({ connections: 1 });
    const ports = new Set();
    const note = ({ socket }) => ports.add(socket.remotePort);
    server.on("request", note);
    const agents = ["opens", "waits-for-it", "last"];
    for (let round = 0; round < 3; round += 1) {
      const sent = agents.map((agent) =>
        call(agent, async (headers) => (await fetch(url(200), { headers, dispatcher })).text()),
      );
      await Promise.all(sent);
      for (const agent of agents) {
        assert.equal(captureOf(agent).taasRequestId, `real-${agent}`);
      }
    }
    server.off("request", note);
    assert.equal(ports.size, 1);
    await dispatcher.close();
  });

  test("a request that fails keeps the last capture", async () => {
    for (const status of [200, 503]) {
      await call("fails", async (headers) => (await fetch(url(status), { headers })).text());
    }
    assert.equal(captureOf("fails").taasRequestId, "real-fails");
  });
});

test("a capture belongs to the call that made the request, not to the call that opened the connection", async () => {
  const requests = {};
  for (const agent of ["first", "second"]) {
    await call(agent, (headers) => {
      requests[agent] = { headers: pairs(headers) };
      created.publish({ request: requests[agent] });
    });
  }
  await call("first", () => {
    answer(requests.second, 200, ...routeOf("of-second"));
    answer(requests.first, 200, ...routeOf("of-first"));
  });
  assert.equal(captureOf("first").taasRequestId, "of-first");
  assert.equal(captureOf("second").taasRequestId, "of-second");
});

test("only the first source that reports a response is used", async () => {
  const told = { status: 200, headers: { "x-taas-autorouted": "true", "x-request-id": "hook" } };
  for (const [agent, order] of [
    ["channel-first", ["channel", "hook", "channel"]],
    ["hook-first", ["hook", "channel", "hook"]],
  ]) {
    await call(agent, async (headers, options) => {
      const request = { headers: pairs(headers) };
      created.publish({ request });
      for (const [index, teller] of order.entries()) {
        if (teller === "channel") answer(request, 200, ...routeOf(`channel-${index}`));
        else await options.onResponse(told);
      }
    });
  }
  assert.equal(captureOf("channel-first").taasRequestId, "channel-2");
  assert.equal(captureOf("hook-first").taasRequestId, "hook");
});

test("the channel reads no other requests, and only our headers and the headers of the response", async () => {
  const read = [];
  const watched = (name, headers) =>
    new Proxy(headers, {
      get(target, key) {
        if (/^\d+$/.test(String(key)) && key % 2 === 1) read.push(`${name} ${target[key - 1]}`);
        return Reflect.get(target, key);
      },
    });
  const secret = { authorization: "Bearer key", "x-api-key": "key" };
  const untouchable = new Proxy(
    {},
    {
      get() {
        throw new Error("looked at");
      },
    },
  );
  created.publish({ request: untouchable });
  answered.publish({ request: untouchable, response: untouchable });
  await call("watched", (headers) => {
    const other = { headers: pairs(secret) };
    created.publish({ request: other });
    answer(other, 200, ...routeOf("none"));
    const request = { headers: pairs({ ...secret, ...headers }) };
    created.publish({ request });
    answered.publish({
      request,
      response: {
        statusCode: 200,
        headers: watched("answer", [...routeOf("watched"), "set-cookie", "secret", "date", "now"]),
      },
    });
  });
  assert.equal(captureOf("watched").taasRequestId, "watched");
  assert.deepEqual(
    read.filter((name) => !name.startsWith("answer x-")),
    [],
  );
  assert.deepEqual(host.warnings, []);
});

test("headers of any form and unreadable responses throw nothing", async () => {
  for (const headers of [undefined, null, "a: b\r\n", 5, [Symbol("x")], [{}, {}]]) {
    await call("odd", () => created.publish({ request: { headers } }));
  }
  await call("odd", (headers) => {
    const request = { headers: pairs(headers) };
    created.publish({ request });
    for (const response of [undefined, {}, { statusCode: 200, headers: [null] }]) {
      answered.publish({ request, response });
    }
  });
  assert.equal(captureOf("odd"), null);
  assert.ok(host.warnings.length <= 1, host.warnings.join("\n"));
});

test("channel messages of any form do not end the process", async (t) => {
  const uncaught = t.mock.fn();
  process.on("uncaughtException", uncaught);
  for (const message of [undefined, null, 5, {}, { request: 5 }]) {
    created.publish(message);
    answered.publish(message);
  }
  // Node throws what a subscriber throws in the next tick.
  await new Promise(setImmediate);
  process.off("uncaughtException", uncaught);
  assert.equal(uncaught.mock.callCount(), 0);
});

test("a source that reports no route leaves the report to the other source", async () => {
  const unreadable = { status: 200, headers: new Headers().entries() };
  await call("unreadable", async (headers, options) => {
    const request = { headers: pairs(headers) };
    created.publish({ request });
    await options.onResponse(unreadable);
    answer(request, 200, ...routeOf("channel"));
  });
  assert.equal(captureOf("unreadable").taasRequestId, "channel");
});

test("a session id with outer blanks is captured as the transport sends it", async () => {
  const options = { headers: { "X-OpenClaw-Session-Id": " mine\t" } };
  await call(
    "blanks",
    (headers) => {
      const sent = new Headers(headers);
      const request = { headers: [...sent].flat() };
      created.publish({ request });
      answer(request, 200, ...routeOf("blanks"));
    },
    { options },
  );
  assert.equal(captureOf("blanks").taasRequestId, "blanks");
});

test("only the last copy subscribes to the channel, and pending responses are still captured", async () => {
  let stopped = 0;
  await call("copies", (headers) => {
    const request = { headers: pairs(headers) };
    created.publish({ request });
    for (let copy = 0; copy < 5; copy += 1) {
      const { stop } = shared.channel;
      shared.channel.stop = () => {
        stopped += 1;
        stop();
      };
      register();
    }
    answer(request, 200, ...routeOf("of-copies"));
  });
  assert.equal(stopped, 5);
  assert.equal(captureOf("copies").taasRequestId, "of-copies");
});

describe("calls that another plugin handles", () => {
  const TRACE = { traceId: "a".repeat(32), spanId: "b".repeat(16) };
  const traceparent = ({ traceId, spanId }) => `00-${traceId}-${spanId}-01`;
  const event = { provider: "cloudsigma" };

  /** A copy that listens to the host's events; `tell` has the host tell one. */
  function observing(pluginConfig) {
    const listeners = new Map();
    const on = (name, listener) => listeners.set(name, [...(listeners.get(name) ?? []), listener]);
    const copy = register({ on, pluginConfig });
    copy.tell = (name, ...args) => {
      for (const listener of listeners.get(name) ?? []) listener(...args);
    };
    return copy;
  }

  /** A request of theirs, and its answer. */
  function exchange(id, headers, status = 200) {
    const request = { headers: pairs(headers) };
    created.publish({ request });
    answer(request, status, ...routeOf(id));
    return request;
  }

  test("calls of another plugin are captured by agent and by the session that they name", () => {
    const copy = observing();
    copy.tell("model_call_started", event, { trace: TRACE, sessionKey: "agent:Ops:subagent:1" });
    exchange("seen-1", {
      traceparent: traceparent(TRACE),
      "X-Session-Id": "96b334dd-c2c7",
      authorization: "Bearer key",
    });
    const { payload } = copy.ask({ agentId: "ops" });
    assert.equal(payload.sessionId, "96b334dd-c2c7");
    assert.equal(payload.capture.taasRequestId, "seen-1");
    assert.equal(payload.capture.observed, true);
    assert.deepEqual(copy.ask({ sessionId: "96b334dd-c2c7" }).payload.capture, payload.capture);
    assert.equal(copy.ask({}).payload.capture.taasRequestId, "seen-1");
  });

  test("calls of another plugin belong to the agent of their session if the host names no valid agent", () => {
    const copy = observing();
    for (const [index, agentId] of [undefined, null, "", 5, {}].entries()) {
      const context = { trace: TRACE, agentId, sessionKey: `agent:of-key-${index}:main` };
      copy.tell("model_call_started", event, context);
      exchange(`key-${index}`, { traceparent: traceparent(TRACE) });
      const { capture } = copy.ask({ agentId: `of-key-${index}` }).payload;
      assert.equal(capture?.taasRequestId, `key-${index}`);
    }
  });

  test("calls of another plugin follow the latest configuration", () => {
    observing();
    const copy = observing({ debug: true });
    const context = { trace: TRACE, sessionKey: "agent:told:main" };
    copy.tell("model_call_started", event, context);
    exchange("told", { traceparent: traceparent(TRACE) });
    assert.match(copy.lines.join("\n"), /agent=told/);
  });

  test("calls of another plugin are captured without a session", () => {
    const copy = observing();
    const context = { trace: TRACE, sessionKey: "agent:silent:main", sessionId: "host-session-1" };
    copy.tell("model_call_started", event, context);
    exchange("seen-2", { traceparent: traceparent(TRACE) });
    const { sessionId, capture } = copy.ask({ agentId: "silent" }).payload;
    assert.deepEqual([sessionId, capture.sessionId], [null, null]);
    assert.deepEqual(copy.ask({ conversationId: "host-session-1" }).payload.capture, capture);
  });

  test("a response of another trace, another provider or an ended call is not captured for the open call", () => {
    const copy = observing();
    const context = { trace: TRACE, sessionKey: "agent:theirs:main" };
    const headers = { traceparent: traceparent(TRACE) };
    exchange("early", headers);
    copy.tell("model_call_started", { provider: "openai" }, context);
    exchange("other", headers);
    copy.tell("model_call_started", event, context);
    exchange("trace", { traceparent: traceparent({ ...TRACE, spanId: "c".repeat(16) }) });
    exchange("none", {});
    copy.tell("model_call_ended", event, context);
    exchange("late", headers);
    assert.equal(copy.ask({ agentId: "theirs" }).payload.capture, null);
  });

  test("calls through this plugin are not observed, and no call is observed if observation is off", async () => {
    const context = { trace: TRACE, sessionKey: "agent:unseen:main" };
    const headers = { traceparent: traceparent(TRACE) };
    const off = observing({ observe: false });
    off.tell("model_call_started", event, context);
    exchange("off", headers);
    const copy = observing();
    await modelCall(copy.provider, { options: { headers } });
    copy.tell("model_call_started", event, context);
    exchange("ours", headers);
    assert.equal(copy.ask({ agentId: "unseen" }).payload.capture, null);
  });

  test("open calls are released when observation is switched off", () => {
    const context = { trace: TRACE, sessionKey: "agent:let-go:main" };
    observing().tell("model_call_started", event, context);
    const off = observing({ observe: false });
    exchange("let go", { traceparent: traceparent(TRACE) });
    assert.equal(off.ask({ agentId: "let-go" }).payload.capture, null);
  });

  test("the number of observed calls is bounded", () => {
    const copy = observing();
    const trace = (number) => ({ ...TRACE, spanId: number.toString(16).padStart(16, "0") });
    const open = shared.observed;
    open.clear();
    for (let number = 0; number < 2000; number += 1) {
      const context = { trace: trace(number), sessionKey: `agent:many-${number}:main` };
      copy.tell("model_call_started", event, context);
    }
    assert.equal(open.size, 1024);
    exchange("oldest", { traceparent: traceparent(trace(0)) });
    exchange("newest", { traceparent: traceparent(trace(1999)) });
    assert.equal(copy.ask({ agentId: "many-0" }).payload.capture, null);
    assert.equal(copy.ask({ agentId: "many-1999" }).payload.capture.taasRequestId, "newest");
    open.clear();
  });

  test("host events of any form throw nothing", () => {
    const copy = observing();
    for (const context of [undefined, null, {}, { trace: null }, { trace: {}, sessionKey: 5 }]) {
      copy.tell("model_call_started", event, context);
      copy.tell("model_call_ended", event, context);
    }
    copy.tell("model_call_started", undefined, {});
    exchange("odd", { traceparent: "nonsense" });
    assert.equal(copy.ask({ sessionId: SESSION }).ok, true);
  });
});
