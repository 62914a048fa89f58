// What the doctor judges is gathered from any configuration, names nothing secret, and is said where it costs.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";

import { shared } from "../lib/addon/shared.js";
import { factsOf } from "../lib/host/facts.js";
import { pricesOf } from "../lib/host/prices.js";
import { settingsOf } from "../lib/host/settings.js";
import { agentContext, forgetCalls, forgetWarnings, register } from "./support/plugin.mjs";

const STATUS = "taas.affinity.status";
function forget() {
  forgetWarnings();
  forgetCalls();
}
beforeEach(forget);
afterEach(forget);

const of = (config, more) =>
  factsOf(
    {
      config: () => config,
      settings: settingsOf({ gitHint: true }, {}),
      providers: ["cloudsigma", "third"],
      ...more,
    },
    { built: "0.1.0", version: "0.1.0" },
  );
const withProvider = (entry, more) => ({ models: { providers: { cloudsigma: entry } }, ...more });
const entryOf = (entry, more) => of(withProvider(entry, more)).providers[0];

describe("facts", () => {
  test("the facts name the configured agents, unless they are unknown or too many", () => {
    const agentsOf = (agents) => of({ agents }).agents;
    assert.deepEqual(agentsOf({ entries: { ops: {}, dev: {} } }), ["ops", "dev"]);
    assert.deepEqual(agentsOf({ list: [{ id: "ops" }, { id: 7 }, null] }), ["ops"]);
    assert.deepEqual(agentsOf(undefined), ["main"], "the host's own agent");
    const entries = (count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [i, {}]));
    assert.equal(agentsOf({ entries: entries(256) }).length, 256);
    assert.equal(agentsOf({ entries: entries(257) }), null);
    assert.equal(of(undefined).agents, null);
  });

  test("the facts describe the configuration of a gateway", () => {
    const config = {
      models: {
        providers: {
          " CloudSigma": {
            baseUrl: "https://key:secret@taas.example/v1/",
            apiKey: "sk-secret",
            api: "openai-completions",
            headers: { "x-session-id": "secret", "X-Other": "secret" },
            models: [
              { id: "auto", compat: { cacheControlFormat: "anthropic" } },
              {
                id: "gpt",
                api: "openai-responses",
                compat: { supportsPromptCacheKey: true },
                headers: { "X-TaaS-Autorouter-Algorithm": "cost" },
              },
            ],
          },
          elsewhere: { apiKey: "sk-secret", models: [{ id: "other" }] },
        },
      },
      agents: {
        defaults: {
          params: { cacheRetention: "long" },
          models: { "cloudsigma/gpt": { params: { cacheRetention: "none" } } },
        },
        entries: { main: { workspace: "/secret" }, ops: {}, blank: { workspace: " " } },
      },
    };
    const { providers, ...facts } = of(config);
    assert.deepEqual(facts, {
      affinity: "workspace",
      notUnderstood: ["gitHint"],
      binary: "0.1.0",
      package: "0.1.0",
      owned: [],
      unasked: {},
      agents: ["main", "ops", "blank"],
      agentsWithoutWorkspace: ["ops", "blank"],
    });
    const [provider, ...others] = providers;
    assert.deepEqual(others, []);
    assert.deepEqual(provider, {
      id: "cloudsigma",
      hasKey: true,
      pinned: ["x-session-id"],
      models: [
        {
          id: "auto",
          api: "openai-completions",
          cacheControl: true,
          promptCacheKey: false,
          retention: "long",
        },
        {
          id: "gpt",
          api: "openai-responses",
          cacheControl: false,
          promptCacheKey: true,
          retention: "none",
        },
      ],
    });
    assert.doesNotMatch(JSON.stringify(of(config)), /secret|example|elsewhere/);
  });

  test("the facts report a missing key only if the key is certainly missing", () => {
    for (const entry of [
      {},
      { apiKey: "" },
      { apiKey: " " },
      { auth: "api-key" },
      { apiKey: null },
    ]) {
      assert.equal(entryOf(entry).hasKey, false, JSON.stringify(entry));
    }
    for (const entry of [
      { apiKey: "key" },
      { apiKey: "\u0024{TAAS_KEY}" },
      { apiKey: { source: "env", provider: "default", id: "TAAS_KEY" } },
      { auth: "oauth" },
      { authHeader: false },
      { headers: { Authorization: "Bearer x" } },
      { request: { auth: { mode: "authorization-bearer", token: "x" } } },
    ]) {
      assert.equal(entryOf(entry).hasKey, true, JSON.stringify(entry));
    }
    const profiles = { "cloudsigma:me": { provider: "CloudSigma", mode: "api_key" } };
    assert.equal(entryOf({}, { auth: { profiles } }).hasKey, true);
    assert.equal(entryOf({}, { auth: { order: { cloudsigma: [] } } }).hasKey, true);
  });

  test("the facts name agents only if there are several", () => {
    assert.deepEqual(of({ agents: { entries: { main: {} } } }).agentsWithoutWorkspace, []);
    const list = [{ id: "a" }, { id: "b", workspace: "/b" }, null, 7];
    assert.deepEqual(of({ agents: { list } }).agentsWithoutWorkspace, ["a"]);
  });

  const trapped = new Proxy(
    {},
    Object.fromEntries(
      ["get", "has", "ownKeys", "getOwnPropertyDescriptor", "getPrototypeOf"].map((trap) => [
        trap,
        () => {
          throw new Error("boom");
        },
      ]),
    ),
  );
  const cyclic = { models: {}, agents: {} };
  cyclic.models.providers = { cloudsigma: cyclic, third: { models: [cyclic, { id: "m" }] } };
  cyclic.headers = cyclic;
  cyclic.agents.entries = cyclic;
  for (const [what, config] of [
    ["nothing", undefined],
    ["a text", "x"],
    ["a proxy that throws", trapped],
    ["a provider that throws", withProvider(trapped, { agents: trapped })],
    [
      "parts that throw",
      withProvider({ apiKey: trapped, headers: trapped, models: [trapped, 7, null] }),
    ],
    ["a cycle", cyclic],
    [
      "other types",
      { models: { providers: [1] }, agents: { entries: "x", list: {}, defaults: 7 } },
    ],
  ]) {
    test(`the facts are gathered from ${what}`, () => {
      const facts = of(config);
      assert.equal(facts.package, "0.1.0");
      assert.ok(JSON.stringify(facts).length < 2000);
    });
  }

  test("the facts contain only text that the addon can read", () => {
    const odd = "a\ud800";
    const providers = settingsOf({ providers: [odd] }, {}).providers;
    const entry = {
      baseUrl: odd,
      headers: { [odd]: odd },
      models: [{ id: odd, api: odd, compat: { cacheControlFormat: odd } }],
    };
    const seen = { isBypassed: true, calls: 1, owners: [odd, 7, null] };
    shared.ownership.providers.set(providers[0], seen);
    const facts = of(
      {
        models: { providers: { [odd]: entry, [providers[0]]: entry } },
        agents: {
          entries: { [odd]: {}, [`${odd}2`]: {} },
          defaults: { params: { cacheRetention: odd } },
        },
      },
      {
        settings: settingsOf({ [odd]: odd, affinity: odd, providers: [odd] }, {}),
        providers,
      },
    );
    assert.equal(facts.providers.length, 1);
    assert.deepEqual(facts.owned[0].plugins, ["a\ufffd"]);
    assert.doesNotMatch(JSON.stringify(facts), /\\ud[89a-f]/);
  });

  test("the facts look at a bounded number of agents in either form", () => {
    let looked = 0;
    const agent = {
      get workspace() {
        looked += 1;
        return "/w";
      },
    };
    const many = Array.from({ length: 5000 }, () => agent);
    for (const agents of [{ list: many }, { entries: { ...many } }]) {
      looked = 0;
      of({ agents });
      assert.ok(looked <= 2 * 1024, `${Object.keys(agents)}: ${looked}`);
    }
  });

  test("the facts are bounded, and each text is one line", () => {
    const many = Array.from({ length: 100_000 }, (_, at) => [`a${at}\n${"x".repeat(200)}`, {}]);
    const models = many.map(([id]) => ({ id }));
    const facts = of({
      ...withProvider({ models, headers: Object.fromEntries(many) }),
      agents: { entries: Object.fromEntries(many) },
    });
    assert.equal(facts.providers[0].models.length, 64);
    assert.equal(facts.agentsWithoutWorkspace.length, 64);
    assert.ok(JSON.stringify(facts).length < 40_000);
    assert.doesNotMatch(JSON.stringify(facts), /\\n/);
    assert.equal(of(undefined, { config: () => assert.fail("boom") }).package, "0.1.0");
  });
});

describe("prices", () => {
  const cost = { input: 3, cacheRead: 0.3, cacheWrite: 3.75, output: 15 };
  const free = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0 };
  const models = [
    null,
    { id: 7 },
    { id: "claude", cost },
    { id: "cloudsigma/gpt", cost },
    { id: "free", cost: free },
    { id: "none" },
  ];
  const config = withProvider({ models });
  test("prices come from the model's entry, named with or without the provider", () => {
    for (const id of ["claude", "cloudsigma/claude", "gpt", "cloudsigma/gpt"]) {
      assert.equal(pricesOf(config, "cloudsigma", id), cost, id);
    }
  });
  test("prices are found under every spelling of the provider's key that the host accepts", () => {
    for (const key of ["CloudSigma", " cloudsigma "]) {
      const written = { models: { providers: { other: {}, [key]: { models } } } };
      assert.equal(pricesOf(written, "cloudsigma", "claude"), cost, key);
    }
  });
  test("a model without an entry or with an empty entry has no price", () => {
    for (const id of ["free", "none", "other", "cloudsigma-claude", "x/claude", "laude"]) {
      assert.equal(pricesOf(config, "cloudsigma", id), undefined, id);
    }
    for (const other of [undefined, null, {}, { models: 7 }, withProvider({ models: "x" })]) {
      assert.equal(pricesOf(other, "cloudsigma", "claude"), undefined);
    }
    assert.equal(pricesOf(config, undefined, "claude"), undefined);
  });
});

describe("the plugin", () => {
  /** Registers it with a host that has events, a configuration, and a newer one. */
  function registered(config, current) {
    const listeners = [];
    const host = register({
      config,
      runtime: current && { config: { current } },
      on: (name, listener) => listeners.push({ name, listener }),
    });
    const emit = (event, ...args) => {
      for (const { name, listener } of listeners) {
        if (name === event) listener(...args);
      }
    };
    const checks = () => {
      let answer;
      host.methods.get(STATUS).handler({ params: {}, respond: (_, payload) => (answer = payload) });
      return Object.fromEntries(answer.checks.map((check) => [check.id, check]));
    };
    return { ...host, emit, checks };
  }
  const pinned = withProvider({ apiKey: "k", headers: { "X-Session-Id": "mine" }, models: [] });

  test("the doctor judges the current configuration", () => {
    let now = withProvider({ models: [] });
    const { checks } = registered({}, () => now);
    assert.match(checks()["provider-entry"].evidence, /cloudsigma has no apiKey/);
    now = pinned;
    assert.equal(checks()["provider-entry"].level, "ok");
    assert.match(checks()["pinned-headers"].evidence, /X-Session-Id/);
  });

  test("the doctor says if it could not read the configuration", () => {
    for (const current of [() => 7, () => assert.fail("boom")]) {
      forget();
      const { checks } = registered({}, current);
      assert.match(checks().facts.evidence, /configuration could not be read/);
      assert.equal(checks()["provider-entry"], undefined);
    }
    assert.equal(registered({}, () => ({})).checks().facts, undefined);
  });

  test("the doctor reads the configuration, whatever the provider ids are", () => {
    const config = { models: { providers: { "a\ud800": { models: [] } } } };
    const { methods } = register({ pluginConfig: { providers: ["a\ud800"] }, config });
    let answer;
    methods.get(STATUS).handler({ params: {}, respond: (_, found) => (answer = found) });
    assert.equal(typeof answer.pluginVersion, "string");
    assert.equal(answer.checks.length, 13);
  });

  test("the doctor counts the calls that bypassed the plugin until it is asked", () => {
    const { emit, checks, provider } = registered({});
    for (let calls = 0; calls < 3; calls += 1) {
      emit("model_call_started", { provider: "cloudsigma" }, {});
    }
    emit("model_call_started", { provider: "elsewhere" }, {});
    assert.match(
      checks()["unseen-calls"].evidence,
      /^3 model calls of cloudsigma bypassed this plugin/,
    );
    assert.match(
      checks().ownership.evidence,
      /another plugin owns or hooks the provider cloudsigma/,
    );
    provider.wrapStreamFn(agentContext({ streamFn() {} }));
    assert.equal(checks()["unseen-calls"].level, "ok");
    assert.equal(checks().ownership.level, "ok");
  });

  test("the doctor shows why calls are expensive and what they cost, and the log does not", async () => {
    const model = { id: "claude-uncached", api: "openai-completions" };
    const cost = { input: 2, cacheRead: 0.2, cacheWrite: 2.5, output: 10 };
    const config = withProvider({ apiKey: "k", models: [{ ...model, cost }] });
    const { provider, warnings, methods, emit, checks } = registered(config);
    const stream = {
      result: async () => ({
        stopReason: "stop",
        usage: { input: 1_000_000, cacheRead: 0, cacheWrite: 0, output: 1 },
      }),
    };
    const context = agentContext({
      config,
      modelId: model.id,
      workspaceDir: "/facts/uncached",
      streamFn: async () => stream,
    });
    for (let calls = 0; calls < 12; calls += 1) {
      await provider.wrapStreamFn(context)(model, {}, {});
      await new Promise(setImmediate);
    }
    emit("gateway_start", { port: 1 });
    assert.deepEqual(warnings, []);
    const { evidence, advice, costs } = checks()["cache-markers"];
    assert.match(evidence, /claude-uncached came from a cache, and .* lacks compat\.cacheControl/);
    assert.match(
      advice,
      /openclaw\.json, give the model "claude-uncached" in .*cloudsigma compat: {/,
    );
    assert.equal(costs, true);
    let status;
    methods.get(STATUS).handler({ params: {}, respond: (_, payload) => (status = payload) });
    const row = status.models.find(({ model: name }) => name === model.id);
    assert.equal(row.saved.pricedRequests, 12);
    assert.equal(row.saved.usdWithoutCache, 24);
  });
});
