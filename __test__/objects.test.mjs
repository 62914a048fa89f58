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
  test("a payload that is not a plain object goes out unchanged", async () => {
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

  test("a payload whose metadata is not a plain object goes out unchanged", async () => {
    for (const metadata of instances()) {
      const call = await modelCall(provider, { payload: { metadata, messages: [] } });
      assert.equal(call.payloadResult, undefined, metadata.constructor?.name);
    }
    assert.deepEqual(warnings, []);
  });

  test("a payload without a prototype is extended", async () => {
    const metadata = Object.assign(Object.create(null), { user: "u" });
    const payload = Object.assign(Object.create(null), { metadata });
    const call = await modelCall(provider, { payload });
    assert.equal(call.payload.metadata.user, "u");
    assert.equal(call.payload.metadata.session_id, SESSION);
  });

  test("a payload is replaced synchronously if its caller is synchronous", async () => {
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

  test("options that are not a plain object go out unchanged, with a debug line and no warning", () => {
    class Derived extends Secretive {}
    for (const options of [
      new Secretive({ apiKey: "k", headers: { traceparent: "00" } }),
      Object.freeze(new Secretive({ headers: { a: "b" } })),
      Object.seal(new Derived({ onPayload() {} })),
      Object.create({ headers: { inherited: "1" } }),
      new Map([["headers", {}]]),
      ["headers"],
      { headers: new Map([["x-session-id", "mine"]]) },
      { headers: Object.create({ inherited: "1" }) },
    ]) {
      assert.equal(given(options), options);
    }
    assert.deepEqual(warnings, []);
    const debugged = register({ pluginConfig: { debug: true } });
    const options = new Secretive({});
    const streamFn = (_model, _context, own) => assert.equal(own, options);
    debugged.provider.wrapStreamFn(agentContext({ streamFn }))({}, {}, options);
    assert.deepEqual(debugged.lines, [
      "taas-affinity: a request goes out unchanged: its options or headers are not a plain object",
    ]);
  });

  test("options with an accessor or a hidden property go out unread, with one warning", () => {
    let reads = 0;
    const counting = {
      get lazy() {
        reads += 1;
        return reads;
      },
    };
    const hidden = Object.defineProperty({}, "hidden", { value: "h", enumerable: false });
    for (const options of [
      counting,
      hidden,
      { headers: Object.defineProperty({}, "a", { get: () => "b", enumerable: true }) },
      { headers: { [Symbol.iterator]: () => [][Symbol.iterator]() } },
      new Proxy({}, { get: (_, key) => ({ apiKey: "k" })[key] }),
      { headers: new Proxy({}, { get: () => "hidden" }) },
    ]) {
      forgetWarnings();
      warnings.length = 0;
      assert.equal(given(options), options);
      assert.equal(given(options), options);
      assert.equal(warnings.length, 1);
      assert.match(
        warnings[0],
        /a request went out untouched: .* is not a plain (?:property|object)/,
      );
    }
    assert.equal(reads, 0);
    warnings.length = 0;
    forgetWarnings();
  });

  test("options that are frozen, sealed, without a prototype or missing are extended", () => {
    const mark = Symbol("mark");
    for (const options of [
      Object.freeze({ [mark]: 1, headers: Object.freeze({ a: "b" }) }),
      Object.seal({ [mark]: 1, headers: Object.seal({ a: "b" }) }),
      Object.assign(Object.create(null), { [mark]: 1, headers: { a: "b" } }),
    ]) {
      const seen = given(options);
      assert.equal(seen.headers["X-Session-Id"], SESSION);
      assert.equal(seen.headers.a, "b");
      assert.equal(seen[mark], 1);
      assert.deepEqual(Object.keys(options), ["headers"]);
    }
    for (const none of [undefined, null]) {
      assert.equal(given(none).headers["X-Session-Id"], SESSION);
    }
    assert.deepEqual(warnings, []);
  });

  test("options that are not an object go out unchanged", () => {
    assert.equal(given("text"), "text");
    assert.equal(warnings.length, 1);
  });

  test("options keep a header that occurs twice", () => {
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

describe("headers that can be read only once", () => {
  const once = () => new Headers({ "x-session-id": "mine", "x-a": "1" }).entries();

  test("headers that can be read only once reach the transport unread", async () => {
    const { options } = await modelCall(provider, { options: { headers: once() } });
    assert.equal(new Headers([...options.headers]).get("x-a"), "1");
  });

  test("headers that can be read only once reach the caller's `onResponse` unread", async () => {
    const { responseResult } = await modelCall(provider, {
      options: { onResponse: ({ headers }) => [...headers].length },
      response: { status: 200, headers: once() },
    });
    assert.equal(responseResult, 2);
  });
});

test("a payload or metadata with its own toJSON goes out unchanged", async () => {
  const spoken = Object.defineProperty({ model: "auto" }, "toJSON", { value: () => ({ wire: 1 }) });
  for (const payload of [spoken, { model: "auto", metadata: spoken }]) {
    const call = await modelCall(provider, { payload });
    assert.equal(JSON.stringify(call.payload), JSON.stringify(payload));
  }
});

test("the stream function gets its own `this` and every argument", () => {
  const seen = [];
  function streamFn(...args) {
    seen.push(this, args.length, args[3]);
    return "stream";
  }
  const owner = { stream: provider.wrapStreamFn(agentContext({ streamFn })) };
  assert.equal(owner.stream({}, {}, {}, "fourth"), "stream");
  assert.deepEqual(seen, [owner, 4, "fourth"]);
});
