// The tab in the Control UI and its route. A real browser shows the page in `e2e/page.test.mjs`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { forgetWarnings, register } from "./support/plugin.mjs";

const PATH = "/plugins/openclaw-taas-affinity/";

/** What a host of `version` gets: its routes and tabs. */
function registered(version, more) {
  const routes = new Map();
  const tabs = [];
  const host = register({
    runtime: { version },
    registerHttpRoute: (route) => routes.set(route.path, route),
    session: { controls: { registerControlUiDescriptor: (tab) => tabs.push(tab) } },
    ...more,
  });
  return { ...host, route: routes.get(PATH), tabs };
}

/** The answer of the route. */
function request(route, url = PATH, method = "GET") {
  const answer = {};
  const response = {
    writeHead: (status, headers) => Object.assign(answer, { status, headers }),
    end: (body = "") => Object.assign(answer, { body }),
  };
  assert.equal(route.handler({ url, method, headers: {} }, response), true);
  return answer;
}

test("the tab is registered from OpenClaw 2026.8.1 on, and its page with it", () => {
  for (const version of ["2026.8.1", "2026.8.2", "2026.10.1", "2027.1.1", "2026.9.6-beta.2"]) {
    const { route, tabs } = registered(version);
    assert.equal(route.auth, "gateway", version);
    assert.equal(route.match, "prefix", version);
    assert.deepEqual(
      tabs.map(({ surface, label, path }) => ({ surface, label, path })),
      [{ surface: "tab", label: "TaaS", path: PATH }],
      version,
    );
  }
});

test("older hosts and hosts without a version get no tab, no page and no log line", () => {
  forgetWarnings();
  for (const version of ["2026.6.9", "2026.7.35", "2025.12.31", "2026.8", "", "new", undefined]) {
    const { route, tabs, warnings, lines } = registered(version);
    assert.deepEqual(
      { route, tabs, warnings, lines },
      { route: undefined, tabs: [], warnings: [], lines: [] },
    );
  }
  const runtime = {
    get version() {
      throw new Error("not in this process");
    },
  };
  assert.deepEqual(registered("", { runtime }).tabs, []);
  const boom = () => assert.fail("boom");
  for (const session of [
    undefined,
    Object.defineProperty({}, "controls", { get: boom }),
    { controls: Object.defineProperty({}, "registerControlUiDescriptor", { get: boom }) },
  ]) {
    const { route, warnings } = registered("2026.9.6", { session });
    assert.deepEqual({ route, warnings }, { route: undefined, warnings: [] });
  }
  assert.deepEqual(registered("2026.9.6", { registerHttpRoute: undefined }).tabs, []);
});

test("the page allows only its own style and script, and is not kept", () => {
  const { route } = registered("2026.9.6");
  const nonces = [1, 2].map(() => {
    const { status, headers, body } = request(route);
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "text/html; charset=utf-8");
    assert.equal(headers["cache-control"], "no-store");
    assert.deepEqual(
      Object.keys(headers).filter((name) => name.startsWith("access-control")),
      [],
    );
    const policy = headers["content-security-policy"];
    assert.ok(policy.startsWith("default-src 'none'; "), policy);
    assert.ok(policy.endsWith("; frame-ancestors 'self'"), policy);
    const [, nonce] = /script-src 'nonce-([\w-]{22})'/.exec(policy);
    assert.ok(policy.includes(`style-src 'nonce-${nonce}'`), policy);
    assert.equal(body.split(` nonce="${nonce}"`).length, 3);
    assert.doesNotMatch(body, /<(style|script)>| (style|on\w+|src|href="https?:)=/);
    return nonce;
  });
  assert.notEqual(nonces[0], nonces[1]);
});

test("any query gets a readable page", () => {
  const { route } = registered("2026.9.6");
  for (const query of [
    "?agent=nobody",
    "?agent=",
    "?agent=%C2%85",
    `?agent=${"x".repeat(5000)}`,
    `?agent=${"%F0%9F%98%80".repeat(100)}`,
    "?agent=%ff%00%E2%80%AE",
    "?agent=%3Ci%3E",
    "?skip=0",
    "?skip=7",
    "?skip=9999",
    "?skip=99999999999",
    "?skip=-1.5",
    "?nonce=x&other",
    "below/it",
  ]) {
    const { status, body } = request(route, PATH + query);
    assert.equal(status, 200, query);
    assert.match(body, /<h1>[^<]+<\/h1>/, query);
    assert.ok(!body.includes("<i>"), query);
  }
});

test("HEAD gets no body, and other methods get 405 with a readable message", () => {
  const { route } = registered("2026.9.6");
  assert.deepEqual(
    [request(route, PATH, "HEAD").status, request(route, PATH, "HEAD").body],
    [200, ""],
  );
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const { status, headers, body } = request(route, PATH, method);
    assert.equal(status, 405, method);
    assert.equal(headers.allow, "GET, HEAD");
    assert.equal(body, `${PATH} accepts GET and HEAD only\n`);
  }
});
