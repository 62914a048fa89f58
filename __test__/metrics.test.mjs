// The metrics route as OpenClaw calls it. What a real Prometheus makes of the answer is tested end to end.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { registerRoute } from "../lib/surface/http.js";
import { agentContext, modelCall, ROOT, register, routed, VERSION } from "./support/plugin.mjs";

const PATH = "/api/taas-affinity/metrics";
const NO_LOG = { attempt: (_kind, _consequence, action) => action(), warn: () => {} };

/** What a route answers. */
function request({ handler }, { method = "GET", headers = {} } = {}) {
  const answered = {};
  const response = {
    writeHead: (status, headers) => Object.assign(answered, { status, headers }),
    end: (body) => Object.assign(answered, { body }),
  };
  assert.equal(handler({ method, headers }, response), true);
  return answered;
}

function registerMetrics(options) {
  const routes = [];
  const host = register({ registerHttpRoute: (route) => routes.push(route), ...options });
  const route = routes.find(({ path }) => path === PATH);
  return { ...host, route, scrape: (given) => request(route, given) };
}

/** A route of a host that tells the scopes of a request, or throws. */
function routeOnHost(load, answer = () => ({ headers: {}, body: "figures" })) {
  let registered;
  const api = { registerHttpRoute: (route) => (registered = route) };
  registerRoute({ host: { api }, log: NO_LOG }, { path: "/figures", answer }, load);
  return registered;
}

const tellingScopes = (scopes) => (specifier) => {
  assert.equal(specifier, "openclaw/plugin-sdk/plugin-runtime");
  return { getPluginRuntimeGatewayRequestScope: () => ({ client: { connect: { scopes } } }) };
};

/** The metrics of a scrape in the text format: type, help and names of labels, by name. */
function read(text) {
  const metrics = new Map();
  for (const line of text.trimEnd().split("\n")) {
    const [, key, name, value] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (key === undefined) {
      const [, sample, labels = ""] = /^(\w+)(?:\{(.*)\})? \S+$/.exec(line);
      metrics.get(sample).labels = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label);
    } else {
      metrics.set(name, { ...metrics.get(name), [key.toLowerCase()]: value });
    }
  }
  return metrics;
}

test("the route needs the gateway's token and tells the scopes of the client", () => {
  const { route } = registerMetrics();
  assert.equal(route.auth, "gateway");
  assert.equal(route.gatewayRuntimeScopeSurface, "trusted-operator");
  assert.equal(route.match, "exact");
});

test("a host without HTTP routes gets the plugin without a warning", () => {
  const { warnings, provider } = registerMetrics({ registerHttpRoute: undefined });
  assert.deepEqual(warnings, []);
  assert.notEqual(provider, undefined);
});

test("metrics have the calls of an agent, by the model that the autorouter chose", async () => {
  const { provider, scrape } = registerMetrics();
  const model = 'vendor/"quoted"\\model';
  const sent = () =>
    modelCall(provider, {
      context: agentContext({ agentId: "scraped" }),
      response: routed({ "x-taas-autorouter-model": model }),
    });
  await sent();
  await sent();
  const { status, headers, body } = scrape();
  assert.equal(status, 200);
  assert.equal(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(headers["cache-control"], "no-store");
  const labels = 'agent="scraped",model="vendor/\\"quoted\\"\\\\model"';
  assert.match(body, /^taas_affinity_requests_total\{.*\} 2$/m);
  assert.ok(body.includes(`taas_affinity_requests_total{${labels},outcome=`), body);
  assert.ok(body.includes('taas_affinity_route_changes_total{agent="scraped"} 0\n'), body);
  assert.ok(body.includes(`{version="${VERSION}",addon_version="${VERSION}"} 1\n`), body);
  assert.doesNotMatch(body, /oc:|\/home\//, "no session id and no path");
});

test("docs/metrics.md has each metric with its type, labels and meaning", () => {
  const rows = readFileSync(join(ROOT, "docs", "metrics.md"), "utf8")
    .split("\n")
    .filter((line) => /^\| `taas_affinity_/.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim()));
  const documented = rows.map(([, name, type, unit, labels, meaning]) => {
    assert.notEqual(unit, "");
    return [name, type, labels.replaceAll(" ", ""), meaning];
  });
  const written = [...read(registerMetrics().scrape().body)].map(
    ([name, { type, help, labels }]) => {
      const codes = labels.map((label) => `\`${label}\``).join();
      return [`\`${name}\``, type, codes, help.replace(/\.$/, "")];
    },
  );
  assert.deepEqual(documented, written);
  for (const [name] of written) {
    assert.doesNotMatch(name, /^`(openclaw|gen_ai)/, "OpenClaw's exporter has such names");
  }
});

test("a client that prefers OpenMetrics gets OpenMetrics", () => {
  const { scrape } = registerMetrics();
  const OPEN = "application/openmetrics-text";
  for (const [accept, isOpen] of [
    [undefined, false],
    ["", false],
    ["*/*", false],
    ["text/plain", false],
    [OPEN, true],
    [`text/plain, ${OPEN}`, true],
    [`${OPEN};version=1.0.0;q=0`, false],
    [`text/plain;version=0.0.4, ${OPEN};q=0.5`, false],
    [`text/plain;q=0.5, APPLICATION/OpenMetrics-Text ; version=1.0.0 ; q=0.75, */*;q=0.1`, true],
    // Prometheus 2.
    [`${OPEN};version=1.0.0,${OPEN};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5`, true],
    [`${OPEN};q=nonsense,text/plain;q=0.1`, false],
  ]) {
    const { headers, body } = scrape({ headers: { accept } });
    const type = isOpen ? `${OPEN}; version=1.0.0; charset=utf-8` : "text/plain; version=0.0.4";
    assert.ok(headers["content-type"].startsWith(type), `${accept}: ${headers["content-type"]}`);
    assert.equal(body.endsWith("# EOF\n"), isOpen, accept);
  }
});

test("HEAD gets the headers only, and other methods get 405", () => {
  const { scrape } = registerMetrics();
  const head = scrape({ method: "HEAD" });
  assert.deepEqual([head.status, head.body], [200, undefined]);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const { status, headers, body } = scrape({ method });
    assert.deepEqual([status, headers.allow], [405, "GET, HEAD"]);
    assert.equal(body, `${PATH} accepts GET and HEAD only\n`);
  }
});

test("a client gets 403 unless one of its scopes lets it read", () => {
  for (const [scopes, status] of [
    [["operator.read"], 200],
    [["operator.approvals", "operator.write"], 200],
    [["operator.admin"], 200],
    [["operator.approvals", "operator.pairing"], 403],
    [["operator.reader"], 403],
    [[], 403],
  ]) {
    const answered = request(routeOnHost(tellingScopes(scopes)));
    assert.equal(answered.status, status, scopes);
    const body = status === 200 ? "figures" : "/figures: missing scope: operator.read\n";
    assert.equal(answered.body, body);
  }
  const head = request(routeOnHost(tellingScopes([])), { method: "HEAD" });
  assert.equal(head.status, 403);
});

test("a host that does not tell the scopes gets the answer", () => {
  const missing = () => {
    throw new Error("Package subpath is not defined by exports");
  };
  for (const load of [missing, () => ({}), tellingScopes(undefined), undefined]) {
    assert.equal(request(routeOnHost(load)).status, 200);
  }
});

test("an answer that fails is a 500 without a path", () => {
  const route = routeOnHost(undefined, () => {
    throw new Error("cannot open /home/me/secret");
  });
  const { status, body } = request(route);
  assert.equal(status, 500);
  assert.match(
    body,
    /^\/figures: something went wrong in the plugin; the gateway's log says why\n$/,
  );
});
