// The settings: valid values apply; an invalid value is named in one warning and gets its default.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { settingsOf } from "../lib/host/settings.js";
import {
  agentContext,
  forgetWarnings,
  modelCall,
  register,
  routed,
  SESSION,
} from "./support/plugin.mjs";

const DEFAULTS = {
  affinity: "workspace",
  providers: [],
  namespace: null,
  gitHints: true,
  observe: true,
  routeNotice: "off",
  statusLine: true,
  debug: false,
};
const of = (config, env = {}) => {
  const { invalid, warnings, ...settings } = settingsOf(config, env);
  return { settings, invalid };
};
const throwing = () => {
  throw new Error("boom");
};

describe("settings", () => {
  test("settings have their defaults if nothing is set", () => {
    for (const config of [undefined, null, {}]) {
      assert.deepEqual(of(config), { settings: DEFAULTS, invalid: [] });
    }
  });

  test("valid settings apply", () => {
    const config = {
      affinity: "conversation",
      providers: [" My-TaaS ", "my-taas", "cloudsigma"],
      namespace: "cell-7",
      gitHints: false,
      observe: false,
      routeNotice: "log",
      statusLine: false,
      debug: true,
    };
    const { settings, invalid } = of(config);
    assert.deepEqual(settings, { ...config, providers: ["my-taas"] });
    assert.deepEqual(invalid, []);
    assert.equal(of({ routeNotice: false }).settings.routeNotice, "off");
    assert.deepEqual(of({ routeNotice: false }).invalid, []);
    for (const routeNotice of ["false", "constructor", { toString: () => "reply" }]) {
      const { settings, invalid } = of({ routeNotice });
      assert.deepEqual([settings.routeNotice, invalid.length], ["off", 1]);
    }
  });

  test('routeNotice "reply", which was removed, is treated as "log" with one warning', () => {
    forgetWarnings();
    const listened = [];
    const on = (event) => listened.push(event);
    const { warnings } = register({ pluginConfig: { routeNotice: "reply" }, on });
    assert.deepEqual(warnings, [
      'taas-affinity: routeNotice "reply" was removed and is treated as "log": set it to "log" or "off" (said once)',
    ]);
    assert.equal(listened.includes("reply_payload_sending"), false);
    assert.equal(of({ routeNotice: "reply" }).settings.routeNotice, "log");
    assert.deepEqual(of({ routeNotice: "reply" }).invalid, []);
  });

  test("OPENCLAW_DEBUG switches debug lines on by the rule of the host", () => {
    const by = (value) => of({}, { OPENCLAW_DEBUG: value }).settings.debug;
    for (const value of ["1", "true", "on", " Yes "]) {
      assert.equal(by(value), true, value);
    }
    for (const value of [undefined, "", " ", "0", "false", "OFF", "no", "other"]) {
      assert.equal(by(value), false, value);
    }
    assert.equal(of({ debug: true }, { OPENCLAW_DEBUG: "0" }).settings.debug, true);
  });

  test("an invalid value or an unknown key is named and gets its default", () => {
    const { settings, invalid } = of({
      affinity: 7,
      gitHints: "yes",
      observe: null,
      routeNotice: true,
      statusLine: 1,
      debug: { on: true },
      providers: "x",
      namespace: 7,
      gitHint: "a-secret",
    });
    assert.deepEqual(settings, DEFAULTS);
    assert.deepEqual(invalid, [
      'affinity (a number, not "workspace" or "conversation")',
      "providers (a string, not a list of at most 16 ids)",
      "namespace (a number, not 1 to 64 of A-Z a-z 0-9 . _ -)",
      "gitHints (a string, not true or false)",
      "observe (null, not true or false)",
      'routeNotice (a boolean, not "off" or "log")',
      "statusLine (a number, not true or false)",
      "debug (an object, not false or true)",
      "gitHint",
    ]);
  });

  test("an invalid setting is named without its value", () => {
    const secret = "sk secret";
    const keys = Object.keys(DEFAULTS);
    for (const value of [secret, [secret], { [secret]: secret }, 7391, 7391n, Symbol(secret)]) {
      const { settings, invalid } = of(Object.fromEntries(keys.map((key) => [key, value])));
      assert.deepEqual(settings, { ...DEFAULTS, providers: settings.providers });
      assert.ok(invalid.length >= keys.length - 1);
      assert.doesNotMatch(invalid.join(), /secret|7391/);
    }
    const { invalid } = of({ providers: ["x".repeat(101), 7391, [secret]] });
    assert.doesNotMatch(invalid.join(), /secret|7391|xx/);
  });

  test("the names of invalid settings fit one log line", () => {
    const { invalid } = of({
      affinity: "x".repeat(1_000_000),
      routeNotice: "a\u202e\nb",
      [`\u001b[31m${"k".repeat(1_000_000)}`]: "secret",
      [`${"k".repeat(39)}😀`]: 1,
      ...Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`unknown${at}`, at])),
    });
    assert.equal(invalid.length, 16);
    for (const name of invalid) {
      assert.ok(name.length <= 80, name);
      assert.match(name, /^[^\p{Cc}\p{Cf}\p{Cs}]+$/u);
    }
    assert.match(invalid[0], /^affinity \(a string, not/);
  });

  test("at most sixteen further providers are accepted", () => {
    const ids = Array.from({ length: 16 }, (_, at) => `p${at}`);
    const { settings, invalid } = of({
      providers: [1, "  ", null, "cloudsigma", ...ids, "p3", "more", "yet"],
    });
    assert.deepEqual(settings.providers, ids);
    assert.deepEqual(invalid, [
      "a provider id (a number, not text of 1 to 100 characters)",
      "a provider id (a string, not text of 1 to 100 characters)",
      "a provider id (null, not text of 1 to 100 characters)",
      "more than 16 providers",
    ]);
    assert.deepEqual(of({ providers: ["x".repeat(101)] }).settings.providers, []);
    assert.deepEqual(of({ providers: Array.from({ length: 1e6 }) }).settings.providers, []);
  });

  for (const [config, kind] of [
    [7, "a number"],
    ["x", "a string"],
    [false, "a boolean"],
    [["affinity"], "an array"],
    [Symbol("x"), "a symbol"],
    [() => {}, "a function"],
  ]) {
    test(`a configuration that is ${kind} is ignored as a whole`, () => {
      assert.deepEqual(of(config), {
        settings: DEFAULTS,
        invalid: [`the configuration (${kind}, not a plain object)`],
      });
    });
  }

  test("a configuration that is not a plain object is ignored as a whole", () => {
    for (const config of [new Date(0), new Map(), Promise.resolve()]) {
      const named = "the configuration (an object, not a plain object)";
      assert.deepEqual(of(config).invalid, [named]);
    }
    assert.deepEqual(of(Object.create(null)).invalid, []);
  });

  const failing = ["get", "has", "ownKeys", "getOwnPropertyDescriptor", "getPrototypeOf"];
  for (const [description, config] of [
    ["an array", [1, 2]],
    ["a text", "x"],
    ["a number", 7],
    [
      "an object with a getter that throws",
      Object.defineProperty({}, "gitHints", { enumerable: true, get: throwing }),
    ],
    [
      "a proxy that throws",
      new Proxy({}, Object.fromEntries(failing.map((trap) => [trap, throwing]))),
    ],
    [
      "an object with values that JSON does not have",
      { affinity: 7n, gitHints: () => 1, providers: new Proxy([], { get: throwing }) },
    ],
  ]) {
    test(`settings have their defaults if the configuration is ${description}`, () => {
      assert.deepEqual(of(config).settings, DEFAULTS);
    });
  }

  describe("the namespace", () => {
    const NOT = "not 1 to 64 of A-Z a-z 0-9 . _ -";
    const VARIABLE = "OPENCLAW_TAAS_NAMESPACE";
    const by = (namespace, value) => {
      const { settings, invalid } = of(
        namespace === undefined ? {} : { namespace },
        value === undefined ? {} : { [VARIABLE]: value },
      );
      return [settings.namespace, invalid];
    };

    test("the configuration's namespace takes precedence over the environment's", () => {
      for (const name of ["a", "cell-7", "Cell_7.b", "0", "-", "x".repeat(64)]) {
        assert.deepEqual(by(name, undefined), [name, []]);
        assert.deepEqual(by(undefined, name), [name, []]);
        assert.deepEqual(by(name, "other"), [name, []]);
      }
      assert.deepEqual(by("cell-7", "not valid"), ["cell-7", []], "the variable has no effect");
    });

    test("an invalid namespace is ignored and named, and a blank variable counts as unset", () => {
      for (const odd of [
        "",
        " ",
        "a b",
        " a",
        "a\n",
        "a:b",
        "a/b",
        "ä",
        "x".repeat(65),
        null,
        {},
      ]) {
        const [namespace, [named]] = by(odd, undefined);
        assert.equal(namespace, null);
        assert.match(named, /^namespace \((?:a string|null|an object), not 1 to 64 of/);
      }
      for (const odd of ["a b", " a", "a\n", "a:b", "ä", "x".repeat(65)]) {
        assert.deepEqual(by(undefined, odd), [null, [`${VARIABLE} (a string, ${NOT})`]]);
      }
      for (const blank of ["", " ", "\n"]) {
        assert.deepEqual(by(undefined, blank), [null, []]);
      }
      assert.deepEqual(by("a b", "cell-7"), ["cell-7", [`namespace (a string, ${NOT})`]]);
    });
  });

  test("the package's types list all settings", () => {
    const types = readFileSync(new URL("../index.d.ts", import.meta.url), "utf8");
    const [, members] = /interface PluginConfig \{(.*?)\n\}/s.exec(types) ?? ["", ""];
    const keys = [...members.matchAll(/^ {2}(\w+)\?:/gm)].map(([, key]) => key);
    assert.deepEqual(keys, Object.keys(DEFAULTS));
  });

  test("the README lists all settings", () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    const rows = [...readme.matchAll(/^\| `(\w+)` +\| (?:`|none)/gm)].map(([, key]) => key);
    assert.deepEqual(rows, Object.keys(DEFAULTS));
  });

  test("the manifest accepts any value of each setting, and has a hint for each", () => {
    const url = new URL("../openclaw.plugin.json", import.meta.url);
    const { configSchema, uiHints } = JSON.parse(readFileSync(url, "utf8"));
    assert.deepEqual(Object.keys(configSchema.properties).sort(), Object.keys(DEFAULTS).sort());
    assert.deepEqual(Object.keys(uiHints), Object.keys(configSchema.properties));
    assert.deepEqual(Object.keys(configSchema).sort(), ["properties", "type"]);
    for (const [key, { anyOf }] of Object.entries(configSchema.properties)) {
      assert.deepEqual(anyOf[0].default ?? null, DEFAULTS[key]);
      assert.equal(anyOf[1].type.length, 6, "any type of JSON");
    }
  });
});

describe("the plugin", () => {
  test("the plugin warns once about invalid settings, and again after they change", () => {
    forgetWarnings();
    const odd = { gitHint: false, affinity: 7 };
    const { warnings } = register({ pluginConfig: odd });
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0],
      /the defaults are used instead: affinity \(a number, not "workspace" or "conversation"\), gitHint; the settings are affinity, prov/,
    );
    assert.deepEqual(register({ pluginConfig: odd }).warnings, []);
    assert.equal(register({ pluginConfig: { affinity: "x" } }).warnings.length, 1);
  });

  test("the warning about OPENCLAW_TAAS_GIT_HINTS does not quote its value", () => {
    forgetWarnings();
    process.env.OPENCLAW_TAAS_GIT_HINTS = "sk-secret";
    try {
      const { warnings } = register();
      assert.equal(warnings.length, 1);
      assert.match(warnings[0], /OPENCLAW_TAAS_GIT_HINTS must be on or off/);
      assert.doesNotMatch(warnings[0], /secret/);
    } finally {
      delete process.env.OPENCLAW_TAAS_GIT_HINTS;
    }
  });

  test("header, body, capture and lookup all hash the namespace", async () => {
    const workspaceDir = "/home/node/.openclaw/workspace";
    const id = "oc:9fb242e0eba668b4";
    const context = agentContext({ workspaceDir, agentId: "main" });
    const response = routed({ "x-request-id": "in-a-cell" });
    const host = register({ pluginConfig: { namespace: "cell-7" } });
    for (const hook of ["wrapStreamFn", "wrapSimpleCompletionStreamFn"]) {
      const call = await modelCall(host.provider, { hook, context, response });
      assert.equal(call.headers["X-Session-Id"], id);
      assert.equal(call.payload.metadata.session_id, id);
      assert.equal(call.payload.metadata.requester_runtime.session_key, id);
    }
    for (const params of [{ workspaceDir }, { sessionId: id }, { agentId: "main" }]) {
      const { capture } = host.ask(params).payload;
      assert.deepEqual([capture?.sessionId, capture?.taasRequestId], [id, "in-a-cell"]);
    }
    const without = register();
    const call = await modelCall(without.provider, { context });
    assert.equal(call.headers["X-Session-Id"], "oc:cddce8bd7eebfe25");
    assert.equal(without.ask({ workspaceDir }).payload.capture, null);
  });

  test("the namespace of the environment changes a conversation's session id", async () => {
    process.env.OPENCLAW_TAAS_NAMESPACE = "cell-7";
    try {
      const { provider } = register({ pluginConfig: { affinity: "conversation" } });
      const options = { sessionId: "96b334dd-c2c7-4e19-b2ea-2fdf1105f23d" };
      const { headers, payload } = await modelCall(provider, { options });
      assert.equal(headers["X-Session-Id"], "oc:b7dd304cdf9118c2");
      assert.equal(payload.metadata.sticky_key, "oc:b7dd304cdf9118c2");
    } finally {
      delete process.env.OPENCLAW_TAAS_NAMESPACE;
    }
  });

  test("the plugin warns once about an invalid namespace, and works without a namespace", async () => {
    forgetWarnings();
    const odd = { namespace: "cell 7" };
    const first = register({ pluginConfig: odd });
    const second = register({ pluginConfig: odd });
    assert.equal(first.warnings.length, 1);
    assert.match(first.warnings[0], /namespace \(a string, not 1 to 64 of A-Z a-z 0-9 \. _ -\)/);
    assert.doesNotMatch(first.warnings[0], /cell/);
    assert.deepEqual(second.warnings, []);
    const { headers } = await modelCall(second.provider);
    assert.equal(headers["X-Session-Id"], SESSION);
  });

  test("the plugin serves the further providers and no others", async () => {
    const { provider } = register({ pluginConfig: { providers: ["My-TaaS"] } });
    assert.deepEqual(provider.hookAliases, ["cloudsigma", "cloudsigma-staging", "my-taas"]);
    const called = (id) =>
      modelCall(provider, {
        context: agentContext({ provider: id }),
        turn: { provider: id, turnId: "turn-1", attempt: 1 },
      });
    const served = await called("my-taas");
    assert.equal(served.headers["X-Session-Id"], SESSION);
    assert.equal(served.headers["X-OpenClaw-Turn-Id"], "turn-1");
    const other = await called("elsewhere");
    assert.equal(other.wrapped, false);
    assert.equal(other.turnState, undefined);
  });

  test("the setting debug writes debug lines", async () => {
    const { provider, lines } = register({ pluginConfig: { debug: true } });
    await modelCall(provider);
    assert.match(lines[0], /request session=oc:/);
    const silent = register();
    await modelCall(silent.provider);
    assert.deepEqual(silent.lines, []);
  });
});
