// The tables and texts of `openclaw taas`.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { machine } from "../lib/addon/native.js";
import { ago, count, percent, usd } from "../lib/command/numbers.js";
import { cut, wrapped } from "../lib/command/text.js";
import {
  ANSWERS,
  agentRow,
  assertFits,
  capture,
  check,
  FINE,
  LAST,
  NO_GATEWAY,
  NOW,
  openclaw,
  ROUTES,
  refusal,
  SET,
  STATUS,
  status,
  tally,
} from "./support/commands.mjs";

const NASTY = [
  "a".repeat(300),
  "\u001b[31mred\u001b[0m\u001b]0;title\u0007 \u009b2J\r\nnext line\tand\u202etxt",
  "日本語の長い名前のモデル/通義千問".repeat(6),
  "🙂".repeat(90),
  "e\u0301".repeat(90),
  "",
  " ",
  "\ud800 lone",
];

describe("the output for a person", () => {
  test("numbers, rates, money and times are short", () => {
    assert.deepEqual([0, 9_876, 10_000, 601_000, 1_234_567].map(count), [
      "0",
      "9,876",
      "10 k",
      "601 k",
      "1.23 M",
    ]);
    assert.deepEqual([0, 0.918, 1, null].map(percent), ["0 %", "92 %", "100 %", "–"]);
    assert.deepEqual([0.42, -0.034, 0.0024, 0, -0.00001, null].map(usd), [
      "$0.42",
      "-$0.03",
      "$0.0024",
      "$0.00",
      "$0.00",
      "–",
    ]);
    const times = [0, 5_000, 2 * 60_000, 3 * 3_600_000, 2 * 86_400_000, -5_000];
    assert.deepEqual(
      times.map((ms) => ago(NOW - ms, NOW)),
      ["just now", "5 sec ago", "2 min ago", "3 hr ago", "2 days ago", "just now"],
    );
    assert.equal(ago(null, NOW), "–");
  });

  test("a long text loses its middle, and no character is split", () => {
    assert.equal(cut("abcdefghij", 10), "abcdefghij");
    assert.equal(cut("abcdefghij", 7), "abc…hij");
    assert.equal(cut("🙂".repeat(9), 4), "🙂🙂…🙂");
    assert.equal(cut("abc", 1), "…");
    assert.deepEqual(wrapped("some words and averylongword", 10, "  "), [
      "  some",
      "  words",
      "  and",
      "  aver…ord",
    ]);
  });

  test("status prints a row for each agent, a total and the savings", async () => {
    const { lines, stdout, code, requests } = await openclaw(["taas", "status"], {
      [STATUS]: status({ agents: [agentRow(), agentRow({ agentId: "ops", model: null })] }),
    });
    assert.equal(code, 0);
    assert.deepEqual(
      requests.map(({ method, params }) => [method, params]),
      [[STATUS, {}]],
    );
    const row = lines.find((line) => line.startsWith("main"));
    for (const shown of ["claude", "10", "601 k", "92 %", "$0.42", "2 min ago"]) {
      assert.ok(row.includes(shown), `${shown} in ${row}`);
    }
    assert.ok(lines.some((line) => line.startsWith("ops")));
    assert.ok(lines.some((line) => line.startsWith("all")));
    assert.match(stdout, /Saved \$0\.42 of \$1\.80 \(baseline: as if nothing had been cached\)/);
    assert.doesNotMatch(stdout, /oc:/, "sessions are shown only with --sessions");
    assertFits(lines);
  });

  test("status prints sessions with --sessions, and one session in full with its calls", async () => {
    const all = await openclaw(["taas", "status", "--sessions"], ANSWERS);
    assert.match(all.stdout, /oc:4ae2870a2e73027c/);
    assertFits(all.lines);
    const calls = [
      { at: NOW - 60_000, status: 429, failed: true, model: null, tokens: tally().tokens },
    ];
    const one = await openclaw(["taas", "status", "--session", "oc:4ae2870a2e73027c"], {
      [STATUS]: status({ sessions: [{ ...agentRow({ algorithm: "cost" }), calls }] }),
    });
    assert.deepEqual(one.requests[0].params, { sessionId: "oc:4ae2870a2e73027c" });
    for (const shown of [
      /derived from +workspaceDir/,
      /algorithm +cost/,
      /1 x 429/,
      /1 min ago +429/,
    ]) {
      assert.match(one.stdout, shown);
    }
    assert.doesNotMatch(one.stdout, /^all/m, "one session has no total of all agents");
    assertFits(one.lines);
  });

  test("status prints negative savings, and savings in tokens if prices are unknown", async () => {
    const saved = { tokens: -900, usd: -0.25, usdWithoutCache: 0.1, pricedRequests: 4 };
    const lost = await openclaw(["taas", "status"], {
      [STATUS]: status({ totals: tally({ saved }) }),
    });
    assert.match(lost.stdout, /Saved -\$0\.25 of \$0\.10 in 4 calls with a known price/);
    const unpriced = { tokens: 552_000, usd: null, usdWithoutCache: null, pricedRequests: 0 };
    const tokens = await openclaw(["taas", "status"], {
      [STATUS]: status({ totals: tally({ saved: unpriced }) }),
    });
    assert.match(tokens.stdout, /^all .*552 k tok/m);
    assert.match(tokens.stdout, /Saved 552 k tokens; the prices are unknown/);
  });

  test("status says that no calls are recorded", async () => {
    const nothing = { ...tally(), requests: 0, firstUse: null, lastUse: null, hitRate: null };
    const fresh = await openclaw(["taas", "status"], {
      [STATUS]: status({
        since: null,
        pluginVersion: null,
        totals: nothing,
        agents: [],
        sessions: [],
      }),
    });
    assert.match(fresh.stdout, /^No calls recorded since the gateway started\. Send a message/m);
    for (const name of ["agent", "session", "workspace", "conversation"]) {
      const { stdout } = await openclaw(["taas", "status", `--${name}`, "unknown"], {
        [STATUS]: status({ agents: [], sessions: [] }),
      });
      assert.match(stdout, new RegExp(`^No calls recorded for this ${name}\\.$`, "m"));
    }
  });

  test("route prints the latest route, and routes a row for each response", async () => {
    const last = await openclaw(["taas", "route", "--agent", "main"], ANSWERS);
    assert.deepEqual(last.requests[0], {
      ...last.requests[0],
      method: LAST,
      params: { agentId: "main" },
    });
    for (const shown of [
      "anthropic/claude-sonnet, 2 min ago",
      "balanced (default)",
      "200,000 tokens",
      "req-81",
    ]) {
      assert.ok(last.stdout.includes(shown), shown);
    }
    const miss = await openclaw(["taas", "route"], { [LAST]: { sessionId: null, capture: null } });
    assert.match(miss.stdout, /^No route recorded yet\.$/m);
    assert.equal(miss.code, 0);
    const failed = { agentId: "ops", status: 503, ...capture({ autorouterModel: null }) };
    const { requests, stdout, lines } = await openclaw(["taas", "routes", "--limit", "2"], {
      [ROUTES]: { routes: [failed, failed], total: 7 },
    });
    assert.deepEqual(requests[0].params, { limit: 2 });
    assert.match(stdout, /2 min ago +ops +503/);
    assert.match(stdout, /2 of 7 shown\. Use --limit/);
    assertFits(lines);
  });

  test("algorithm shows, sets and removes an algorithm", async () => {
    const unset = await openclaw(["taas", "algorithm"], ANSWERS);
    assert.match(unset.stdout, /No algorithm is set/);
    // The gateway resolves ids in any letter case, and workspaces.
    const algorithms = [
      { sessionId: "oc:4ae2870a2e73027c", algorithm: "tps" },
      { agentId: "ops-bot", algorithm: "cost" },
    ];
    const shown = await openclaw(["taas", "algorithm", "--agent", "Ops-Bot"], {
      [STATUS]: status({ algorithms, agents: [], sessions: [] }),
    });
    assert.deepEqual(shown.requests[0].params, { agentId: "Ops-Bot" });
    assert.match(shown.stdout, /ops-bot +cost/);
    assert.match(shown.stdout, /oc:4ae2870a2e73027c +tps/);
    const set = await openclaw(["taas", "algorithm", "cost", "--agent", "main"], ANSWERS);
    assert.deepEqual(set.requests[0].params, { agentId: "main", algorithm: "cost" });
    assert.match(set.stdout, /^main: algorithm cost from the next call on \(was none\)$/m);
    const cleared = await openclaw(
      ["taas", "algorithm", "none", "--session", "oc:4ae2870a2e73027c"],
      {
        [SET]: { sessionId: "oc:4ae2870a2e73027c", algorithm: null, previous: "cost" },
      },
    );
    assert.equal(cleared.requests[0].params.algorithm, null);
    assert.match(cleared.stdout, /none from the next call on \(was cost\)/);
  });

  test("doctor prints every check with its evidence and advice", async () => {
    const checks = [FINE, check(), check({ id: "ownership", level: "fault" })];
    const { stdout, lines, code } = await openclaw(["taas", "doctor"], {
      [STATUS]: status({ checks }),
    });
    assert.equal(code, 1);
    for (const shown of [
      /^ok +binary$/m,
      /^warning +low-hit-rate$/m,
      /^fault +ownership$/m,
      /To do: see whether/,
    ]) {
      assert.match(stdout, shown);
    }
    assert.match(stdout, /1 ok, 1 warning, 1 fault/);
    assertFits(lines);
    const { json } = await openclaw(["taas", "doctor", "--json"], { [STATUS]: status({ checks }) });
    assert.deepEqual(json.checks, checks);
    assert.deepEqual(json.versions, {
      plugin: "0.1.0",
      openclaw: "2026.9.6",
      node: process.versions.node,
    });
    assert.equal(json.platform, machine());
    assert.equal("agents" in json || "sessions" in json, false);
  });

  test("a relative workspace directory becomes absolute, and ~ stays", async () => {
    const workspaceDir = async (dir) =>
      (await openclaw(["taas", "route", "--workspace", dir], ANSWERS)).requests[0].params
        .workspaceDir;
    assert.equal(await workspaceDir("sub"), `${process.cwd()}/sub`);
    assert.equal(await workspaceDir("/a/../b"), "/a/../b");
    assert.equal(await workspaceDir("~/work"), "~/work");
  });
});

describe("text from the network", () => {
  for (const nasty of NASTY) {
    test(`${JSON.stringify(nasty.slice(0, 12))}... fits the line and sends no control characters`, async () => {
      const row = agentRow({ agentId: nasty, model: nasty, source: nasty, algorithm: nasty });
      const found = check({ id: nasty, evidence: `${nasty} ${nasty}`, advice: nasty });
      const route = capture({
        autorouterModel: nasty,
        taasRequestId: nasty,
        autorouterAlgo: nasty,
        openclawTurnId: nasty,
      });
      const all = {
        [STATUS]: status({
          pluginVersion: nasty.slice(0, 10),
          agents: [row],
          sessions: [row],
          warnings: [found],
          checks: [found],
          algorithms: [{ agentId: nasty, algorithm: nasty }],
        }),
        [LAST]: { agentId: nasty, sessionId: nasty, capture: route },
        [ROUTES]: { routes: [{ agentId: nasty, status: 200, ...route }], total: 1 },
        [SET]: { agentId: nasty, algorithm: nasty, previous: nasty },
      };
      for (const args of [
        ["algorithm", "cost", "--agent", "x"],
        ["status", "--sessions"],
        ["status", "--session", "x"],
        ["route"],
        ["routes"],
        ["algorithm"],
        ["doctor"],
      ]) {
        const { lines, stdout } = await openclaw(["taas", ...args], all);
        assertFits(lines);
        assert.equal(stdout.includes("[31m"), false, "the escape sequence is gone");
        assert.doesNotMatch(stdout, /(?!\n)[\p{Cc}\p{Cf}\p{Cs}]/u);
        const { stdout: text, json } = await openclaw(["taas", ...args, "--json"], all);
        assert.doesNotMatch(text, /(?!\n)[\p{Cc}\p{Cf}]/u);
        if (args[0] === "route") {
          assert.equal(json.agentId, nasty, "JSON has the value unchanged");
        }
      }
      const { stderr } = await openclaw(["taas", "status"], {
        [STATUS]: refusal("UNAVAILABLE", `x${nasty}`),
      });
      assertFits(stderr.split("\n"));
      assert.doesNotMatch(stderr, /(?!\n)[\p{Cc}\p{Cf}]/u);
    });
  }
});

test("status shows no answer for a call whose stream broke", async () => {
  const calls = [
    { at: NOW, status: 200, failed: true, model: null, tokens: {} },
    { at: NOW, status: null, failed: true, model: null, tokens: {} },
    { at: NOW, status: 429, failed: true, model: null, tokens: {} },
    { at: NOW, status: 200, failed: false, model: null, tokens: {} },
  ];
  const sessions = [{ ...agentRow(), calls }];
  const given = { [STATUS]: status({ sessions }) };
  const { stdout } = await openclaw(["taas", "status", "--session", "oc:4ae2870a2e73027c"], given);
  const shown = stdout.match(/no answer|429|\b200\b/g);
  assert.deepEqual(shown.slice(-4), ["no answer", "no answer", "429", "200"], stdout);
});

describe("colour", () => {
  const colourful = { hasColors: () => true };
  const shown = async (host) =>
    (await openclaw(["taas", "doctor"], ANSWERS, host)).stdout.includes("\u001b[");

  test("only a terminal gets colour, and none with NO_COLOR", async () => {
    assert.equal(await shown({ terminal: colourful }), true);
    assert.equal(await shown({}), false);
    assert.equal(await shown({ terminal: colourful, env: { NO_COLOR: "1" } }), false);
    assert.equal(await shown({ terminal: { hasColors: () => false } }), false);
  });

  test("a narrow terminal gets narrow lines", async () => {
    const { lines } = await openclaw(["taas", "status", "--sessions"], ANSWERS, {
      terminal: { columns: 60 },
    });
    assertFits(lines, 60);
  });
});

describe("status --watch", () => {
  const watched = (args, given, host, rounds = 2) =>
    openclaw(["taas", "status", "--watch", ...args], given, {
      ...host,
      onAsk: (time, emit) => time === rounds && emit("SIGINT"),
    });

  test("the command repeats until SIGINT, and removes its listener", async () => {
    const { requests, stdout, code, listeners } = await watched([], ANSWERS);
    assert.equal(requests.length, 2);
    assert.equal(stdout.match(/^AGENT/gm).length, 2);
    assert.equal(code, 0);
    assert.equal(listeners.size, 0);
    assert.equal(stdout.includes("\u001b"), false);
  });

  test("a terminal is redrawn in each round", async () => {
    const { stdout } = await watched([], ANSWERS, { terminal: {} });
    assert.equal(stdout.split("\u001b[1;1H").length, 3);
  });

  test("each round prints one line of JSON", async () => {
    const { lines } = await watched(["--json"], ANSWERS);
    assert.equal(lines.length, 2);
    assert.equal(JSON.parse(lines[1]).now, NOW);
  });

  test("a later failure is printed, and a failure in the first round ends the command", async () => {
    const { requests, stderr, code } = await watched(
      [],
      { [STATUS]: (_, time) => (time === 2 ? NO_GATEWAY : status()) },
      {},
      3,
    );
    assert.equal(requests.length, 3);
    assert.match(stderr, /the gateway did not answer/);
    assert.equal(code, 0);
    const never = await openclaw(["taas", "status", "--watch"], { [STATUS]: NO_GATEWAY });
    assert.equal(never.code, 3);
    assert.equal(never.requests.length, 1);
  });
});
