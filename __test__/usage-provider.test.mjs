// What the host's `/status` and usage pages get.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, test } from "node:test";

import { shared } from "../lib/addon/shared.js";
import { createUsageHooks } from "../lib/surface/usage.js";
import { readJson } from "../scripts/platforms.mjs";
import { ask, call, failOnUnhandledRejections, newAgent } from "./support/agents.mjs";
import { forgetWarnings, ROOT, register, routed } from "./support/plugin.mjs";

failOnUnhandledRejections();

const PROVIDERS = {
  cloudsigma: {
    apiKey: "k",
    models: [{ id: "claude-sonnet-4", compat: { cacheControlFormat: "anthropic" } }],
  },
};
const CONFIG = { models: { providers: PROVIDERS } };
const COST = { input: 2, output: 8, cacheRead: 0.2, cacheWrite: 2.5 };

const gateway = (more) => {
  forgetWarnings();
  return register({ config: CONFIG, registrationMode: "full", ...more });
};
afterEach(() => {
  shared.process.isGateway = false;
});

/** 100,000 tokens of a prompt, of which 80,000 are cached. They cost $0.20 without a cache, and $0.144 less with it. */
const USAGE = { input: 20_000, cacheRead: 80_000, cacheWrite: 0, output: 10 };

/** One call of `agent`. */
async function use(
  host,
  agent,
  { route = "claude-sonnet-4", hook = "wrapStreamFn", usage = USAGE, cost = COST } = {},
) {
  const stream = { result: async () => ({ stopReason: "stop", usage }) };
  const streamFn = (_model, _context, options) => {
    options.onResponse(routed({ "x-taas-autorouter-model": route }));
    return stream;
  };
  await call(host, agent, streamFn, { hook, model: { id: "auto", cost } });
}

/** What `/status` tells the hook about an agent. */
const about = ({ workspaceDir, agentDir }, more) => ({
  provider: "cloudsigma",
  token: "none",
  workspaceDir,
  agentDir,
  config: CONFIG,
  timeoutMs: 3500,
  ...more,
});
/** What usage pages tell the hook: the directory of some agent, and no workspace. */
const ABOUT_ALL = {
  provider: "taas-affinity",
  agentDir: "/s/agents/main/agent",
  config: CONFIG,
  timeoutMs: 5000,
};
const NOTHING = { displayName: "TaaS affinity", windows: [], error: "No token" };

/** The hooks of a process without figures. `importSdk` gives the host's gateway client. */
function elsewhere(importSdk, { settings = { statusLine: true }, ask = () => "" } = {}) {
  const warnings = [];
  const parts = {
    addon: { gateway: { ask, identity: () => assert.fail("no agent was asked about") } },
    host: { api: {}, settings, providers: ["cloudsigma"], config: () => CONFIG },
    log: {
      attempt(_kind, _consequence, action) {
        try {
          return action();
        } catch (error) {
          warnings.push(error);
          return undefined;
        }
      },
    },
  };
  return { ...createUsageHooks(parts, importSdk), warnings };
}

describe("/status of an agent", () => {
  test("the line has the saving of that agent and the model of its last run", async () => {
    const host = gateway();
    const [agent, other] = [newAgent(), newAgent()];
    await use(host, agent);
    await use(host, agent, { route: "tiny", hook: "wrapSimpleCompletionStreamFn" });
    await use(host, other, { route: "gpt-5" });
    assert.deepEqual(host.provider.fetchUsageSnapshot(about(agent)), {
      provider: "cloudsigma",
      displayName: "TaaS affinity",
      windows: [],
      summary: "$0.29 saved (72 %), claude-sonnet-4",
    });
    const { summary } = host.provider.fetchUsageSnapshot(about(other));
    assert.equal(summary, "$0.14 saved (72 %), gpt-5");
  });

  test("an agent is found by its agent directory, also by one of its own choice", async () => {
    const agentDir = "/elsewhere/here";
    const config = { ...CONFIG, agents: { entries: { "dir-owner": {} } } };
    const runtime = { agent: { resolveAgentDir: (_config, id) => id === "dir-owner" && agentDir } };
    const host = gateway({ config, runtime });
    for (const [agentId, dir] of [
      ["by-default-dir", "/s/agents/by-default-dir/agent"],
      ["dir-owner", agentDir],
    ]) {
      await use(host, { ...newAgent(), agentId });
      const context = about({ workspaceDir: `/w/${agentId}-x`, agentDir: dir }, { config });
      assert.match(host.provider.fetchUsageSnapshot(context).summary, /^\$0\.14 saved/, agentId);
    }
  });

  test("an agent without calls gets nothing", () => {
    const host = gateway();
    const found = host.provider.fetchUsageSnapshot(about(newAgent()));
    assert.deepEqual(found, { provider: "cloudsigma", ...NOTHING });
    assert.deepEqual(host.warnings, []);
  });

  test("the line ends with the number of warnings and the command that explains them", async () => {
    const config = { models: { providers: { cloudsigma: { models: [] } } } };
    const host = gateway({ config });
    const agent = newAgent();
    await use(host, agent);
    const { summary } = host.provider.fetchUsageSnapshot(about(agent));
    assert.match(summary, /, claude-sonnet-4, 1 warning: openclaw taas doctor$/);
  });
});

test("docs/status.md shows lines as the hook writes them", async () => {
  const document = readFileSync(join(ROOT, "docs", "status.md"), "utf8");
  const config = { models: { providers: { cloudsigma: { models: [] } } } };
  const host = gateway({ config });
  const lineOf = async (usage, cost) => {
    const agent = newAgent();
    await use(host, agent, { usage: { ...USAGE, ...usage }, cost });
    return host.provider.fetchUsageSnapshot(about(agent)).summary;
  };
  const whole = await lineOf({ input: 34_444, cacheRead: 105_556 });
  assert.ok(document.includes(`\n📊 Usage: ${whole}\n`), whole);
  for (const line of [
    await lineOf({ cacheRead: 601_432 }, {}),
    await lineOf({ input: 65_000, cacheRead: 0, cacheWrite: 60_000 }),
  ]) {
    const [start] = line.split(", claude");
    assert.ok(document.includes(`\`${start}\``), start);
  }
});

describe("usage pages", () => {
  test("a gateway answers with the totals at once", async () => {
    const host = gateway();
    await use(host, newAgent());
    const { provider, summary } = host.provider.fetchUsageSnapshot(ABOUT_ALL);
    assert.equal(provider, "taas-affinity");
    assert.match(summary, /^\$\d\.\d\d saved \(\d\d %\)$/);
    const { totals, usageLine } = ask(host, "taas.affinity.status", {});
    assert.ok(summary.startsWith(`$${totals.saved.usd.toFixed(2)} `), summary);
    assert.equal(usageLine, summary, "another process gets the same");
  });

  test("only a full registration marks the process as a gateway, and all copies know", () => {
    const asked = [];
    const hooks = elsewhere((name) => asked.push(name) && Promise.reject(new Error("down")));
    register({ registrationMode: "discovery" });
    assert.equal(typeof hooks.fetchUsageSnapshot(ABOUT_ALL).then, "function");
    register({ registrationMode: "full" });
    register({ registrationMode: "discovery" });
    const found = hooks.fetchUsageSnapshot(ABOUT_ALL);
    assert.deepEqual(found, { provider: "taas-affinity", ...NOTHING });
    assert.equal(asked.length, 1);
  });

  test("another process asks the gateway through the host's client", async () => {
    const calls = [];
    const hooks = elsewhere(async (name) => {
      assert.equal(name, "openclaw/plugin-sdk/gateway-runtime");
      return {
        callGatewayFromCli: async (...args) => {
          calls.push(args);
          return { usageLine: "$0.07 saved (92 %)" };
        },
      };
    });
    assert.deepEqual(await hooks.fetchUsageSnapshot(ABOUT_ALL), {
      provider: "taas-affinity",
      displayName: "TaaS affinity",
      windows: [],
      summary: "$0.07 saved (92 %)",
    });
    const [[method, options, params, extra]] = calls;
    assert.deepEqual([method, options, params], ["taas.affinity.status", { timeout: "4000" }, {}]);
    assert.equal(extra.progress, false);
  });

  for (const [what, importSdk] of [
    ["cannot be reached", async () => ({ callGatewayFromCli: () => Promise.reject("refused") })],
    ["has no client for plugins", async () => ({})],
    ["has no such module", () => Promise.reject(new Error("no module"))],
    ["throws", () => assert.fail("boom")],
    ["has no figures", async () => ({ callGatewayFromCli: async () => ({ usageLine: null }) })],
    ["is older", async () => ({ callGatewayFromCli: async () => ({}) })],
    ["answers with nonsense", async () => ({ callGatewayFromCli: async () => null })],
  ]) {
    test(`another process shows nothing if the gateway ${what}`, async () => {
      const hooks = elsewhere(importSdk);
      const found = await hooks.fetchUsageSnapshot(ABOUT_ALL);
      assert.deepEqual(found, { provider: "taas-affinity", ...NOTHING });
      assert.deepEqual(hooks.warnings, []);
    });
  }

  test("another process waits less than the host does", async () => {
    let signal;
    const hooks = elsewhere(async () => ({
      callGatewayFromCli: (_method, _options, _params, extra) => {
        signal = extra.signal;
        return new Promise(() => {});
      },
    }));
    const began = performance.now();
    const found = await hooks.fetchUsageSnapshot({ ...ABOUT_ALL, timeoutMs: 250 });
    assert.deepEqual(found, { provider: "taas-affinity", ...NOTHING });
    assert.ok(performance.now() - began < 2000);
    assert.equal(signal.aborted, true, "the request is given up");
  });
});

describe("the hooks", () => {
  test("resolveUsageAuth returns a constant and touches no key", () => {
    const untouchable = new Proxy({}, { get: () => assert.fail("the context was read") });
    assert.deepEqual(gateway().provider.resolveUsageAuth(untouchable), { token: "none" });
  });

  test("no context makes the hook throw", () => {
    const boom = () => assert.fail("boom");
    const host = gateway();
    for (const context of [
      undefined,
      null,
      7,
      {},
      { workspaceDir: 7, agentDir: {}, provider: [] },
      new Proxy({}, { get: boom }),
      Object.defineProperty({}, "workspaceDir", { get: boom }),
    ]) {
      const { windows, displayName } = host.provider.fetchUsageSnapshot(context);
      assert.deepEqual([windows, displayName], [[], "TaaS affinity"]);
    }
    assert.equal(host.warnings.length, 1, "said once");
    assert.match(host.warnings[0], /\/status and usage pages lack the plugin's line/);
  });

  test("an addon that fails shows nothing", () => {
    const hooks = elsewhere(() => assert.fail("asked"), { ask: () => assert.fail("broken") });
    const found = hooks.fetchUsageSnapshot(ABOUT_ALL);
    assert.deepEqual(found, { provider: "taas-affinity", ...NOTHING });
    assert.equal(hooks.warnings.length, 1);
  });

  test("`statusLine: false` shows nothing anywhere, and asks no gateway", async () => {
    const host = gateway({ pluginConfig: { statusLine: false } });
    const agent = newAgent();
    await use(host, agent);
    for (const context of [about(agent), ABOUT_ALL]) {
      const found = host.provider.fetchUsageSnapshot(context);
      assert.deepEqual(found, { provider: context.provider, ...NOTHING });
    }
    const hooks = elsewhere(() => assert.fail("asked"), { settings: { statusLine: false } });
    assert.equal(hooks.fetchUsageSnapshot(ABOUT_ALL).error, "No token");
  });

  test("without the addon, the provider has no hook but those of the usage pages", (t) => {
    const rootDir = mkdtempSync(join(tmpdir(), "taas-affinity-"));
    t.after(() => rmSync(rootDir, { recursive: true }));
    const { provider } = gateway({ rootDir });
    const { fetchUsageSnapshot, resolveUsageAuth, ...rest } = provider;
    assert.deepEqual(rest, { id: "taas-affinity", label: "TaaS affinity", auth: [] });
    assert.deepEqual(resolveUsageAuth(), { token: "none" });
    const found = fetchUsageSnapshot(ABOUT_ALL);
    assert.deepEqual(found, { provider: "taas-affinity", ...NOTHING });
  });

  test("with a full store, the hook answers in under 5 ms", async () => {
    const host = gateway();
    const agents = Array.from({ length: 260 }, newAgent);
    for (const agent of agents) {
      for (let calls = 0; calls < 33; calls += 1) {
        await use(host, agent);
      }
    }
    const times = [];
    for (let round = 0; round < 101; round += 1) {
      const context = round % 2 ? ABOUT_ALL : about(agents.at(-1 - (round % 100)));
      const began = performance.now();
      const { summary } = host.provider.fetchUsageSnapshot(context);
      times.push(performance.now() - began);
      assert.ok(summary);
    }
    const median = times.toSorted((one, other) => one - other)[50];
    assert.ok(median < 5, `${median} ms`);
  });
});

test("the manifest names the plugin's provider, and no other, for usage pages", () => {
  const manifest = readJson(join(ROOT, "openclaw.plugin.json"));
  const { id } = gateway().provider;
  assert.deepEqual(manifest.contracts, { usageProviders: [id] });
  assert.deepEqual(manifest.providers, ["cloudsigma", "cloudsigma-staging", id]);
  assert.equal(manifest.activation.onProviders.includes(id), false);
});
