// The metrics of a real gateway, scraped by a real Prometheus with the configuration of docs/metrics.md. The figures are
// those that the simulated TaaS counted.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { provider, startGateway } from "../../sim/gateway.mjs";
import { stagePlugin } from "../../sim/stage.mjs";
import { startTaas } from "../../sim/taas.mjs";
import { pairDevice } from "../support/device.mjs";
import { ROOT } from "../support/plugin.mjs";
import { promtool, startPrometheus } from "../support/prometheus.mjs";

const AGENTS = ["main", "ops"];
const TURNS = 10;
const PRICE = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 };
const ALERTS = join(ROOT, "examples", "alerts.yml");
const WITHIN_MS = 30_000;
/** The tests do not run on Windows, because Windows has no Prometheus package. */
const hasPrometheus = process.platform !== "win32";

const document = readFileSync(join(ROOT, "docs", "metrics.md"), "utf8");
const blocks = (language) =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)\n\`\`\`$`, "gms"))].map(
    ([, text]) => text,
  );

let taas;
let gateway;
let prometheus;
let tokenFile;
/** The next answers come from this model. */
let model;

before(async () => {
  if (hasPrometheus) {
    // Before the gateway takes its time, to fail early where it is missing.
    promtool(["--version"]);
  }
  const failing = [429];
  taas = await startTaas({
    reply: () => ({ text: "Noted.", headers: model && { "X-TaaS-Autorouter-Model": model } }),
    fault: ({ userTurns, agentId }) =>
      agentId === "ops" && userTurns === 3 ? { status: failing.shift() } : undefined,
  });
  const entry = provider(taas.url);
  const models = entry.models.map((each) => ({ ...each, cost: PRICE }));
  gateway = await startGateway({
    plugin: stagePlugin(),
    providers: { cloudsigma: { ...entry, models } },
    agents: AGENTS.map((id) => ({ id })),
  });
  tokenFile = join(gateway.root, "token");
  writeFileSync(tokenFile, `${gateway.token}\n`, { mode: 0o600 });
  if (hasPrometheus) {
    prometheus = await startPrometheus(
      join(gateway.root, "prometheus"),
      `global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }\n` +
        `rule_files: [${JSON.stringify(ALERTS)}]\n${documented(0)}`,
    );
  }
  for (let turn = 0; turn < TURNS; turn += 1) {
    await take(AGENTS[turn % 2], `turn ${turn}`);
  }
});

after(async () => {
  await prometheus?.stop();
  await gateway?.stop();
  await taas?.close();
});

/** A scrape configuration of the document, with the address and the token of this gateway. */
const documented = (index) =>
  blocks("yaml")
    [index].replace(/credentials_file: \S+/, `credentials_file: ${tokenFile}`)
    .replace("127.0.0.1:18789", `127.0.0.1:${gateway.port}`);

async function take(agent, message) {
  const answer = await gateway.turn({ agent, message });
  assert.equal(answer.ok, true, JSON.stringify(answer) + gateway.log());
}

const fetchMetrics = (headers, method = "GET") =>
  fetch(`http://127.0.0.1:${gateway.port}/api/taas-affinity/metrics`, { method, headers });
const bearer = (token = gateway.token) => ({ authorization: `Bearer ${token}` });

/** Asks until `find` returns something, because Prometheus scrapes once in a second. */
async function eventually(find, describe) {
  const deadline = Date.now() + WITHIN_MS;
  for (;;) {
    const found = await find();
    if (found) return found;
    assert.ok(Date.now() < deadline, await describe());
    await sleep(250);
  }
}

/** The figures that TaaS counted for one agent and one model. */
function counted(agent, routed) {
  const requests = taas.requests.filter(
    ({ agentId, slot, routeHeaders }) =>
      agentId === agent &&
      (slot === null ? "unknown" : routeHeaders["X-TaaS-Autorouter-Model"]) === routed,
  );
  const sum = (key) => requests.reduce((total, request) => total + request[key], 0);
  return {
    completed: requests.filter(({ status }) => status === 200).length,
    error: requests.filter(({ status }) => status !== 200).length,
    prompt: sum("inputTokens"),
    cached: sum("cachedTokens"),
    output: sum("outputTokens"),
  };
}

/** The same figures from Prometheus, by agent and model. */
async function scraped() {
  const found = {};
  const of = ({ agent, model }) => {
    found[`${agent} ${model}`] ??= { completed: 0, error: 0, prompt: 0, cached: 0, output: 0 };
    return found[`${agent} ${model}`];
  };
  for (const { metric, value } of await prometheus.query("taas_affinity_requests_total")) {
    if (metric.outcome !== "aborted") of(metric)[metric.outcome] = value;
  }
  for (const { metric, value } of await prometheus.query("taas_affinity_tokens_total")) {
    if (metric.token_type === "output") of(metric).output = value;
    else of(metric).prompt += value;
    if (metric.token_type === "cache_read") of(metric).cached = value;
  }
  return found;
}

const total = (figures, key) => Object.values(figures).reduce((sum, each) => sum + each[key], 0);

if (hasPrometheus) {
  test("after ten turns, Prometheus has the numbers of TaaS", async () => {
    const figures = await eventually(
      async () => {
        const found = await scraped();
        const calls = total(found, "completed") + total(found, "error");
        return calls === taas.requests.length && found;
      },
      async () =>
        `${JSON.stringify(await scraped())}\n${JSON.stringify(await prometheus.targets())}`,
    );
    assert.ok(taas.requests.length > TURNS);
    assert.equal(total(figures, "error"), 1);
    assert.ok(total(figures, "cached") > 0);
    const expected = Object.keys(figures).map((key) => [key, counted(...key.split(" "))]);
    assert.deepEqual(figures, Object.fromEntries(expected));
    const [target] = await prometheus.targets();
    assert.deepEqual([target.health, target.lastError], ["up", ""]);
  });

  test("the two costs follow from the tokens and the prices", async () => {
    const sum = async (promql) => (await prometheus.query(`sum(${promql})`))[0].value;
    const tokens = (type) => sum(`taas_affinity_tokens_total{token_type="${type}"}`);
    const [input, read, written, output] = await Promise.all(
      ["input", "cache_read", "cache_write", "output"].map(tokens),
    );
    const cost = input * 3 + read * 0.3 + written * 3.75 + output * 15;
    const without = (input + read + written) * 3 + output * 15;
    const near = (found, expected) => Math.abs(found - expected / 1e6) < 1e-9;
    assert.ok(near(await sum("taas_affinity_cost_usd_total"), cost));
    assert.ok(near(await sum("taas_affinity_cost_without_cache_usd_total"), without));
  });

  test("each query of docs/metrics.md has an answer", async () => {
    const queries = blocks("promql");
    assert.equal(queries.length, 5);
    for (const promql of queries) {
      await eventually(
        async () => {
          const samples = await prometheus.query(promql);
          return samples.length > 0 && samples.every(({ value }) => Number.isFinite(value));
        },
        async () => `${promql}\n${JSON.stringify(await prometheus.query(promql))}`,
      );
    }
    const [hitRates] = queries;
    for (const { metric, value } of await prometheus.query(hitRates)) {
      assert.ok(AGENTS.includes(metric.agent));
      assert.ok(value >= 0 && value <= 1, String(value));
    }
  });

  test("a change of the route raises the alert", async () => {
    const changes = async () =>
      (await prometheus.query('taas_affinity_route_changes_total{agent="main"}'))[0].value;
    const before = await changes();
    model = "sim/another";
    await take("main", "to another model");
    await eventually(async () => (await changes()) === before + 1, changes);
    const alert = await eventually(
      async () => {
        const alerts = await prometheus.alerts();
        return alerts.find(({ labels }) => labels.alertname === "TaasRouteChanged");
      },
      async () => JSON.stringify(await prometheus.alerts()),
    );
    assert.equal(alert.state, "firing");
    assert.equal(alert.annotations.summary, "The autorouter chose another model for agent main");
  });

  test("promtool accepts the metrics, both scrape configurations and the alerts, which fire and end", async () => {
    const text = await (await fetchMetrics(bearer())).text();
    assert.match(text, /^taas_affinity_requests_total\{/m);
    assert.equal(promtool(["check", "metrics"], text), "");
    assert.match(promtool(["check", "rules", ALERTS]), /4 rules found/);
    promtool(["test", "rules", join(ROOT, "__test__", "support", "alerts.test.yml")]);
    const [own, collector] = [documented(0), documented(1)].map((yaml) => {
      const [, indent, jobs] = /^( *)scrape_configs:\n((?:\1 +.*\n?)+)/m.exec(yaml);
      return `scrape_configs:\n${jobs.replaceAll(new RegExp(`^${indent}`, "gm"), "")}`;
    });
    assert.equal(collector.trimEnd(), own.trimEnd());
    const file = join(gateway.root, "prometheus.yml");
    writeFileSync(file, own);
    assert.match(promtool(["check", "config", file]), /SUCCESS/);
  });
}

test("the gateway's token is needed, in the header", async () => {
  for (const headers of [
    {},
    bearer("wrong"),
    { authorization: `Basic ${btoa(`:${gateway.token}`)}` },
  ]) {
    const response = await fetchMetrics(headers);
    assert.equal(response.status, 401);
    assert.doesNotMatch(await response.text(), /taas_affinity/);
  }
});

test("a device's token is enough if the device may read", async () => {
  const statusFor = async (scope) =>
    (await fetchMetrics(bearer(await pairDevice(gateway, [scope])))).status;
  assert.equal(await statusFor("operator.read"), 200);
  // OpenClaw itself refuses such a token.
  assert.equal(await statusFor("operator.approvals"), 401);
});

test("HEAD gets no body, Accept can ask for OpenMetrics, and POST gets 405", async () => {
  const head = await fetchMetrics(bearer(), "HEAD");
  assert.deepEqual([head.status, await head.text()], [200, ""]);
  const accept = "application/openmetrics-text;version=1.0.0";
  const open = await fetchMetrics({ ...bearer(), accept });
  assert.match(open.headers.get("content-type"), /^application\/openmetrics-text; version=1/);
  assert.match(await open.text(), /# EOF\n$/);
  const post = await fetchMetrics(bearer(), "POST");
  assert.deepEqual([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
});

// Last, because the gateway restarts. It honours declared scopes only where the caller's identity is not the token.
test("a client with too few scopes gets 403, as from OpenClaw's own exporter", async () => {
  const config = JSON.parse(readFileSync(gateway.configPath, "utf8"));
  config.gateway.auth = { mode: "none" };
  writeFileSync(gateway.configPath, JSON.stringify(config));
  await gateway.restart();
  for (const [scopes, status] of [
    ["operator.read", 200],
    ["operator.approvals,operator.write", 200],
    ["operator.admin", 200],
    ["operator.approvals,operator.pairing", 403],
    ["", 403],
  ]) {
    const response = await fetchMetrics({ "x-openclaw-scopes": scopes });
    const text = await response.text();
    assert.equal(response.status, status, `${scopes}: ${text}`);
    assert.match(text, status === 200 ? /^# HELP taas_/ : /missing scope: operator\.read\n$/);
  }
});
