// Another plugin owns one of our providers, or hooks into it first: the real host passes us over then.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";

import { provider, startGateway } from "../../sim/gateway.mjs";
import { stagePlugin } from "../../sim/stage.mjs";
import { startTaas } from "../../sim/taas.mjs";
import { usageEntries, usageLine } from "../support/chat.mjs";
import { assertIdentity } from "../support/identity.mjs";

const OURS = "openclaw-taas-affinity";
const base = mkdtempSync(join(realpathSync(tmpdir()), "taas-neighbours-"));
const plugin = stagePlugin();
after(() => rmSync(base, { recursive: true }));

/** A plugin that owns `owned` and hooks into `aliases`. */
function neighbour(id, owned, aliases) {
  const dir = join(base, id);
  mkdirSync(dir);
  const json = (name, value) => writeFileSync(join(dir, name), JSON.stringify(value));
  json("openclaw.plugin.json", {
    id,
    name: id,
    version: "1.0.0",
    providers: [...owned, ...aliases],
    activation: { onStartup: true },
    configSchema: { type: "object", properties: {} },
  });
  json("package.json", {
    name: id,
    version: "1.0.0",
    type: "module",
    openclaw: { extensions: ["./index.js"] },
  });
  writeFileSync(
    join(dir, "index.js"),
    `const method = (api) => api.registerGatewayMethod("taas.autorouter.lastRoute", ({ respond }) => respond(true, { theirs: true }), { scope: "operator.read" });
    export default {
      id: ${JSON.stringify(id)}, name: "n", description: "d",
      register(api) {
        if (${owned.length > 0}) method(api);
        api.registerProvider({
          id: ${JSON.stringify(owned[0] ?? `${id}-hook`)}, label: "n", auth: [],
          hookAliases: ${JSON.stringify(aliases)},
          wrapStreamFn: ({ streamFn }) => (model, context, options) =>
            streamFn(model, context, model.api === "anthropic-messages" ? options : {
              ...options, headers: { ...options?.headers, "X-Session-Id": options?.sessionId },
            }),
        });
      },
    };`,
  );
  return dir;
}

const APIS = ["openai-completions", "openai-responses", "anthropic-messages"];
const AGENTS = ["main", "one", "two", "three", "four", "five"];

async function withNeighbours(t, neighbours, { allow, ours = {} } = {}) {
  const dirs = neighbours.map(({ id, owned = [], aliases = [] }) => neighbour(id, owned, aliases));
  const taas = await startTaas();
  t.after(() => taas.close());
  const base = provider(taas.url);
  const models = AGENTS.map((agent, index) => ({
    ...base.models[0],
    id: agent,
    name: agent,
    api: APIS[index % APIS.length],
  }));
  const gateway = await startGateway({
    plugin,
    providers: {
      cloudsigma: { ...base, models: [...base.models, ...models] },
      "cloudsigma-staging": base,
    },
    agents: AGENTS.map((agent) => ({ id: agent, model: `cloudsigma/${agent}` })),
    config: {
      plugins: {
        ...(allow && { allow }),
        load: { paths: [...dirs, plugin] },
        entries: Object.fromEntries([
          [OURS, { enabled: true, config: ours }],
          ...neighbours.map(({ id, enabled = true }) => [id, { enabled }]),
        ]),
      },
    },
  });
  t.after(() => gateway.stop());
  const warnings = () =>
    gateway
      .log()
      .split("\n")
      .filter((line) => line.includes("taas-affinity: ") && line.includes("(said once)"));
  const turn = async (model) => {
    const result = await gateway.turn({ message: "hello", model });
    assert.equal(result.ok, true, JSON.stringify(result));
    return taas.requests.at(-1);
  };
  return { taas, gateway, turn, warnings };
}

/** What the doctor found, by the name of what it looked at. */
async function checks(gateway) {
  const { ok, payload, error } = await gateway.call("taas.affinity.status", {});
  assert.ok(ok, JSON.stringify(error));
  return Object.fromEntries(payload.checks.map((check) => [check.id, check]));
}

describe("each on its own gateway", { concurrency: 2 }, () => {
  test("at the start an allowed plugin that owns the provider is named, and a disabled plugin is not", async (t) => {
    const { taas, gateway, turn, warnings } = await withNeighbours(
      t,
      [
        { id: "cloudsigma", owned: ["cloudsigma"] },
        { id: "disabled-owner", owned: ["cloudsigma-staging"], enabled: false },
      ],
      { allow: ["cloudsigma", "disabled-owner", OURS] },
    );
    for (let waited = 0; waited < 300 && warnings().length === 0; waited += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal(warnings().length, 1, "before any call");
    assert.match(warnings()[0], /the plugin cloudsigma owns the provider cloudsigma, /);
    assert.match(warnings()[0], /openclaw plugins disable cloudsigma/);
    let first;
    // The first turn of each agent waits for those of the others, so that the second ones are at once.
    for (const message of ["hello", "hello again", "and again"]) {
      first = taas.requests.length;
      const turns = AGENTS.map((agent) => gateway.turn({ agent, message }));
      for (const result of await Promise.all(turns)) {
        assert.equal(result.ok, true, JSON.stringify(result));
      }
    }
    assert.equal(warnings().length, 1, "not twice");
    const requests = taas.requests.slice(first);
    assert.equal(requests.length, AGENTS.length);
    const ask = async (params) => {
      const { ok, payload, error } = await gateway.call("taas.affinity.lastRoute", params);
      assert.ok(ok, JSON.stringify(error));
      return payload;
    };
    for (const { model, headers, body, routeHeaders } of requests) {
      assert.equal(headers["x-openclaw-agent-id"], undefined, "nothing is added to their requests");
      assert.equal(body.metadata?.requester_runtime, undefined);
      const { sessionId, capture } = await ask({ agentId: model });
      assert.equal(capture.observed, true);
      assert.equal(capture.taasRequestId, routeHeaders["X-Request-Id"], `the route of ${model}`);
      assert.equal(sessionId, headers["x-session-id"] ?? null);
      if (sessionId !== null) {
        assert.deepEqual((await ask({ sessionId })).capture, capture);
      }
    }
    const sent = taas.requests.filter(({ model }) => AGENTS.includes(model));
    const { payload } = await gateway.call("taas.affinity.routes", {});
    assert.equal(sent.length, 3 * AGENTS.length);
    assert.deepEqual(
      payload.routes.map((route) => route.taasRequestId).toSorted(),
      sent.map((request) => request.routeHeaders["X-Request-Id"]).toSorted(),
    );
    assertIdentity(await turn("cloudsigma-staging/auto"), "main", gateway.workspaces.main);
    assert.equal(warnings().length, 1);
    const found = await checks(gateway);
    assert.match(found.ownership.evidence, /provider cloudsigma belongs to the plugin cloudsigma$/);
    assert.equal(found["unseen-calls"].level, "fault");
    const theirs = await gateway.call("taas.autorouter.lastRoute", {});
    assert.deepEqual(theirs.payload, { theirs: true });
    // There are figures, of the other provider.
    assert.equal((await gateway.call("taas.affinity.status", {})).payload.totals.requests, 1);
    assert.equal(await usageLine(gateway, { agent: "one" }), undefined);
    assert.deepEqual(await usageEntries(gateway), []);
  });

  test("a plugin that hooks into the provider first is reported at the first call", async (t) => {
    const { gateway, turn, warnings } = await withNeighbours(
      t,
      [{ id: "first-come", aliases: ["cloudsigma"] }],
      { ours: { observe: false } },
    );
    assert.deepEqual(warnings(), []);
    const request = await turn();
    assert.equal(request.headers["x-openclaw-agent-id"], undefined);
    assert.equal(warnings().length, 1);
    assert.match(warnings()[0], /another plugin hooks the provider cloudsigma/);
    await turn();
    assert.equal(warnings().length, 1, "not twice");
    const found = await checks(gateway);
    assert.match(
      found.ownership.evidence,
      /another plugin owns or hooks the provider cloudsigma first/,
    );
    assert.match(found["unseen-calls"].evidence, /model calls of cloudsigma bypassed this plugin/);
    const { ok, payload } = await gateway.call("taas.affinity.lastRoute", {});
    assert.deepEqual([ok, payload.capture], [true, null], "observing is switched off");
  });

  test("a plugin that takes the provider over is reported at its first call, and its end is reported too", async (t) => {
    const { gateway, turn, warnings } = await withNeighbours(t, [
      { id: "late-owner", owned: ["cloudsigma"], enabled: false },
    ]);
    const enable = async (enabled) => {
      const path = "plugins.entries.late-owner.enabled";
      const { code, stderr } = await gateway.cli(["config", "set", path, String(enabled)]);
      assert.equal(code, 0, stderr);
    };
    /** Turns until a request is ours or not, since the host takes a while with an edit. */
    const turnsUntil = async (ours) => {
      for (let turns = 1; turns <= 40; turns += 1) {
        const request = await turn();
        const isOurs = request.headers["x-openclaw-agent-id"] !== undefined;
        if (isOurs === ours) return request;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      assert.fail(`no request was ${ours ? "ours" : "theirs"}\n${gateway.log()}`);
    };
    const levels = async () => {
      const { ownership, "unseen-calls": unseen } = await checks(gateway);
      return [ownership.level, unseen.level];
    };
    await turnsUntil(true);
    assert.deepEqual([await levels(), warnings()], [["ok", "ok"], []]);

    await enable(true);
    const { routeHeaders } = await turnsUntil(false);
    assert.equal(warnings().length, 1);
    assert.match(warnings()[0], /another plugin hooks the provider cloudsigma/);
    assert.deepEqual(await levels(), ["fault", "fault"]);
    const { payload } = await gateway.call("taas.affinity.lastRoute", { agentId: "main" });
    assert.equal(payload.capture.observed, true);
    assert.equal(payload.capture.taasRequestId, routeHeaders["X-Request-Id"]);
    await turn();
    await turn();
    const { evidence } = (await checks(gateway))["unseen-calls"];
    assert.match(evidence, /^3 model calls of cloudsigma bypassed this plugin/);

    await enable(false);
    assertIdentity(await turnsUntil(true), "main", gateway.workspaces.main);
    assert.deepEqual(await levels(), ["ok", "ok"]);
    assert.equal(warnings().length, 1, "not twice");
  });
});
