// A caller may give anything: instances, accessors, properties that no loop shows. What goes out is
// what it would have been, plus ours; or, where ours cannot be added without harm, just what it was.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

import { agentContext, forgetWarnings, modelCall, register, SESSION } from "./support/plugin.mjs";

beforeEach(forgetWarnings);

const { provider, warnings } = register();

class Secretive {
  #secret = "kept";
  constructor(fields) {
    Object.assign(this, fields);
  }
  get secret() {
    return this.#secret;
  }
  tell() {
    return this.#secret;
  }
  toJSON() {
    return { secret: this.#secret, wire: true };
  }
}

const instances = () => [
  new Secretive({ messages: [] }),
  new Date(0),
  new URL("http://127.0.0.1/"),
  Buffer.from("x"),
  new Map([["a", 1]]),
  new Set([1]),
  new String("boxed"),
  new Number(5),
  Object.create({ inherited: 1 }),
  new (class extends null {
    constructor() {
      // biome-ignore lint/correctness/noConstructorReturn: there is no other way to make one
      return Object.create(new.target.prototype);
    }
  })(),
];

describe("a payload", () => {
  test("that is no plain object goes out as it is", async () => {
    for (const payload of instances()) {
      const call = await modelCall(provider, { payload });
      assert.equal(call.payloadResult, undefined, payload.constructor?.name);
      const returned = await modelCall(provider, { options: { onPayload: () => payload } });
      assert.equal(returned.payloadResult, payload, payload.constructor?.name);
    }
    const secretive = new Secretive({});
    const { payload } = await modelCall(provider, { payload: secretive });
    assert.equal(JSON.stringify(payload), '{"secret":"kept","wire":true}');
    assert.deepEqual(warnings, []);
  });

  test("whose metadata is no plain object goes out as it is", async () => {
    for (const metadata of instances()) {
      const call = await modelCall(provider, { payload: { metadata, messages: [] } });
      assert.equal(call.payloadResult, undefined, metadata.constructor?.name);
    }
    assert.deepEqual(warnings, []);
  });

  test("without a prototype keeps none", async () => {
    const metadata = Object.assign(Object.create(null), { user: "u" });
    const payload = Object.assign(Object.create(null), { metadata });
    const call = await modelCall(provider, { payload });
    assert.equal(Object.getPrototypeOf(call.payload), null);
    assert.equal(Object.getPrototypeOf(call.payload.metadata), null);
    assert.equal(call.payload.metadata.user, "u");
    assert.equal(call.payload.metadata.session_id, SESSION);
  });

  test("is replaced as synchronously as its caller does", async () => {
    for (const [onPayload, isAsync] of [
      [undefined, false],
      [() => undefined, false],
      [() => ({ replaced: true }), false],
      [async () => ({ replaced: true }), true],
      // biome-ignore lint/suspicious/noThenProperty: a promise of another library
      [() => ({ then: (resolve) => resolve({ replaced: true }) }), true],
    ]) {
      let result;
      const streamFn = (_model, _context, options) => {
        result = options.onPayload({ messages: [] });
      };
      provider.wrapStreamFn(agentContext({ streamFn }))({}, {}, { onPayload });
      assert.equal(result instanceof Promise, isAsync, String(onPayload));
      assert.equal((await result).metadata.session_id, SESSION);
    }
  });
});

describe("options", () => {
  /** The options that the transport gets. */
  function given(options, model = {}) {
    let seen;
    const streamFn = (_model, _context, own) => {
      seen = own;
    };
    provider.wrapStreamFn(agentContext({ streamFn }))(model, {}, options);
    return seen;
  }

  test("of a class keep their private fields, methods and accessors", () => {
    const fetch = () => {};
    const options = new Secretive({ apiKey: "k", headers: { traceparent: "00" }, fetch });
    const seen = given(options);
    assert.equal(seen.fetch, fetch, "a function of its own is the very same");
    assert.equal(seen.secret, "kept");
    assert.equal(seen.tell(), "kept");
    assert.equal(seen.apiKey, "k");
    assert.ok(seen instanceof Secretive);
    assert.equal(seen.headers["X-Session-Id"], SESSION);
    assert.equal(seen.headers.traceparent, "00");
    assert.deepEqual(Object.keys(options), ["apiKey", "headers", "fetch"]);
    const spread = { ...seen };
    assert.equal(spread.apiKey, "k");
    assert.equal(spread.headers["X-Session-Id"], SESSION);
    assert.equal(typeof spread.onPayload, "function");
    assert.ok("secret" in seen);
  });

  test("of a class may be frozen", () => {
    const seen = given(Object.freeze(new Secretive({ headers: { a: "b" }, onPayload() {} })));
    assert.equal(seen.headers["X-Session-Id"], SESSION);
    assert.equal(seen.onPayload({ messages: [] }).metadata.session_id, SESSION);
    assert.ok(Reflect.ownKeys(seen).includes("headers"));
  });

  test("keep what no loop shows, accessors, symbols and `this`", () => {
    const mark = Symbol("mark");
    const options = {
      [mark]: 1,
      calls: 0,
      get lazy() {
        return [this === options, this.calls];
      },
      set lazy(value) {
        this.calls = value;
      },
    };
    Object.defineProperty(options, "hidden", { value: "h", enumerable: false });
    const seen = given(options);
    assert.equal(seen.hidden, "h");
    assert.equal(Object.keys(seen).includes("hidden"), false);
    assert.equal(seen[mark], 1);
    options.calls = 5;
    assert.deepEqual(seen.lazy, [true, 5], "read when it is asked for, on the caller's own object");
    seen.lazy = 7;
    assert.equal(options.calls, 7);
  });

  test("of a class can be defined upon and deleted from", () => {
    const options = () => given(new Secretive({ apiKey: "k", headers: { a: "b" } }));
    const defined = options();
    Object.defineProperty(defined, "apiKey", { value: "other" });
    Object.defineProperty(defined, "added", { value: "added", enumerable: true });
    assert.deepEqual([defined.apiKey, defined.added], ["other", "added"]);
    const deleted = options();
    delete deleted.headers;
    assert.deepEqual([deleted.headers, "headers" in deleted], [undefined, false]);
  });

  test("without a prototype, and none at all", () => {
    assert.equal(Object.getPrototypeOf(given(Object.create(null))), null);
    for (const none of [undefined, null]) {
      assert.equal(given(none).headers["X-Session-Id"], SESSION);
    }
  });

  test("that are no object go out as they are", () => {
    assert.equal(given("text"), "text");
    assert.equal(warnings.length, 1);
  });

  test("keep a header that comes again", () => {
    const { headers } = given({
      headers: [
        ["x-a", "1"],
        ["x-a", "2"],
      ],
    });
    assert.equal(new Headers(headers).get("x-a"), "1, 2");
    assert.equal(new Headers(headers).get("x-session-id"), SESSION);
  });
});

describe("headers that can be read once only", () => {
  const once = () => new Headers({ "x-session-id": "mine", "x-a": "1" }).entries();

  test("reach the transport unread", async () => {
    const { options } = await modelCall(provider, { options: { headers: once() } });
    assert.equal(new Headers([...options.headers]).get("x-a"), "1");
    assert.equal(warnings.length, 1);
  });

  test("reach the caller's `onResponse` unread", async () => {
    const { responseResult } = await modelCall(provider, {
      options: { onResponse: ({ headers }) => [...headers].length },
      response: { status: 200, headers: once() },
    });
    assert.equal(responseResult, 2);
  });
});

test("a payload or metadata that says itself what it is on the wire goes out as it is", async () => {
  const spoken = Object.defineProperty({ model: "auto" }, "toJSON", { value: () => ({ wire: 1 }) });
  for (const payload of [spoken, { model: "auto", metadata: spoken }]) {
    const call = await modelCall(provider, { payload });
    assert.equal(JSON.stringify(call.payload), JSON.stringify(payload));
  }
});

test("the stream function's `this` and every argument are what they were", () => {
  const seen = [];
  function streamFn(...args) {
    seen.push(this, args.length, args[3]);
    return "stream";
  }
  const owner = { stream: provider.wrapStreamFn(agentContext({ streamFn })) };
  assert.equal(owner.stream({}, {}, {}, "fourth"), "stream");
  assert.deepEqual(seen, [owner, 4, "fourth"]);
});
