// The tables and texts of `openclaw taas`.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { machine } from "../lib/addon/native.js";
import { ago, count, moneyOf, percent, percentiles } from "../lib/command/numbers.js";
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
    assert.deepEqual([0.004, 0.996, -0.2].map(percent), ["1 %", "99 %", "-20 %"]);
    const together = (amounts, options) => amounts.map(moneyOf(amounts, options));
    for (const [amounts, shown, options] of [
      [
        [0.42, 12, 0, null],
        ["$0.42", "$12.00", "$0.00", "–"],
      ],
      [
        [0.42, -0.034],
        ["$0.420", "-$0.034"],
      ],
      [
        [1234.5, 0.0024],
        ["$1,234.5000", "$0.0024"],
      ],
      [
        [0.0213, 0.0241],
        ["$0.021", "$0.024"],
      ],
      [[1.231, 1.234], ["$1.231", "$1.234"], { distinct: true }],
      [[0.5, 0.5], ["$0.50", "$0.50"], { distinct: true }],
      [[-1e-9, 5], ["$0.00", "$5.00"], { distinct: true }],
      [[0.145, 0.15], ["$0.145", "$0.150"], { distinct: true }],
      [[1.005, 1.01], ["$1.005", "$1.010"], { distinct: true }],
      [[0.285, 0.2945], ["$0.285", "$0.295"], { distinct: true }],
    ]) {
      assert.deepEqual(together(amounts, options), shown);
    }
    assert.equal(percentiles({ p50: 123, p95: 12_345 }), "0.12/12 s");
    assert.equal(percentiles(null), "–");
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
    for (const shown of ["claude", "10", "92 %  71 %", "$1.50  $0.42", "2 min"]) {
      assert.ok(row.includes(shown), `${shown} in ${row}`);
    }
    assert.ok(lines.some((line) => line.startsWith("ops")));
    assert.ok(lines.some((line) => line.startsWith("all")));
    assert.match(stdout, /^Hit rate of conversations: 20 % in the first call, 95 % in later/m);
    assert.match(
      stdout,
      /^10 calls, the first 1 hr ago, cost \$1\.50 \(input \$1\.38, output \$0\.12\)\.$/m,
    );
    assert.match(stdout, /^Saved \$0\.42 of \$1\.80 on input, 23 % \(baseline: as if nothing had/m);
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
      /hit rate +92 %, 71 % in the last 32 calls/,
      /conversations +20 % in the first call, 95 % in later ones/,
      /cost +\$1\.50 \(input \$1\.38, output \$0\.12\)/,
      /saved +\$0\.42 of \$1\.80 on input, 23 %/,
      /until headers +0\.12\/0\.34 s with cached tokens, 0\.46\/0\.99 s without/,
      /until the end +2\.3\/12 s with cached tokens, – without/,
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
    const saved = {
      tokens: -900,
      usd: -0.25,
      usdWithoutCache: 0.1,
      share: -2.5,
      pricedRequests: 4,
    };
    const lost = await openclaw(["taas", "status"], {
      [STATUS]: status({ totals: tally({ saved }) }),
    });
    assert.match(
      lost.stdout,
      /^Saved -\$0\.25 of \$0\.10 on input, -250 % in 4 calls with a known price/m,
    );
    const unpriced = { tokens: 552_000, usd: null, usdWithoutCache: null, pricedRequests: 0 };
    const tokens = await openclaw(["taas", "status"], {
      [STATUS]: status({
        totals: tally({ saved: unpriced }),
        agents: [agentRow({ saved: unpriced })],
      }),
    });
    assert.match(tokens.stdout, /^main .*552 k tok/m);
    const part = await openclaw(["taas", "status"], {
      [STATUS]: status({ agents: [agentRow(), agentRow({ saved: unpriced, costUsd: null })] }),
    });
    assert.match(part.stdout, /^main .* – {2,}– +2 min$/m, "dollars and tokens are not mixed");
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
    const failed = {
      agentId: "ops",
      status: 503,
      kind: "completion",
      ...capture({ autorouterModel: null }),
    };
    const { requests, stdout, lines } = await openclaw(["taas", "routes", "--limit", "2"], {
      [ROUTES]: { routes: [failed, failed], total: 7 },
    });
    assert.deepEqual(requests[0].params, { limit: 2 });
    const runs = await openclaw(["taas", "routes", "--kind", "run"], ANSWERS);
    assert.deepEqual(runs.requests[0].params, { kind: "run", limit: 20 });
    assert.match(stdout, /2 min ago +ops +completion +503/);
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
    assert.deepEqual(set.requests.at(-1).params, { agentId: "main", algorithm: "cost" });
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

  test("doctor prints the summary, then each problem with its advice, and all checks with --all", async () => {
    const checks = [FINE, check(), check({ id: "ownership", level: "fault" })];
    const given = { [STATUS]: status({ checks }) };
    const { stdout, lines, code } = await openclaw(["taas", "doctor"], given);
    assert.equal(code, 1);
    assert.equal(lines[0], "1 ok, 1 warning, 1 fault");
    for (const shown of [
      /^warning +low-hit-rate$/m,
      /^fault +ownership$/m,
      /To do: see whether/,
      /doctor --all/,
    ]) {
      assert.match(stdout, shown);
    }
    assert.doesNotMatch(stdout, /binary/);
    assertFits(lines);
    const all = await openclaw(["taas", "doctor", "--all"], given);
    assert.match(all.stdout, /^1 ok, .*^ok +binary$/ms);
    assert.doesNotMatch(all.stdout, /--all/);
    const fine = await openclaw(["taas", "doctor"], ANSWERS);
    assert.equal(fine.code, 0);
    assert.equal(fine.lines[0], "1 ok");
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

  test("status --agent prints all figures of the agent with its last failure", async () => {
    for (const args of [["--agent", "main"], ["main"]]) {
      const { stdout, lines, requests } = await openclaw(["taas", "status", ...args], ANSWERS);
      assert.deepEqual(requests[0].params, { agentId: "main" });
      assert.match(stdout, /^model +anthropic\/claude-sonnet$/m);
      assert.match(stdout, /^failed +1 \(1 x 429\)$/m);
      assert.match(stdout, /^last failure +429, 5 min ago, request req-77$/m);
      assertFits(lines);
    }
    const broken = agentRow({ lastFailure: { at: NOW, status: 200, requestId: null } });
    const { stdout } = await openclaw(["taas", "status", "main"], {
      [STATUS]: status({ agents: [broken] }),
    });
    assert.match(stdout, /^last failure +no answer, just now$/m);
  });

  test("status --models prints a row for each model, the most used first", async () => {
    const models = [
      { model: "mistral/tiny", ...tally({ requests: 2, failures: 0 }) },
      { model: "anthropic/claude-sonnet", ...tally({ requests: 6 }) },
    ];
    const { lines, stdout } = await openclaw(["taas", "status", "--models"], {
      [STATUS]: status({ models }),
    });
    const head = lines.findIndex((line) => line.startsWith("MODEL"));
    assert.match(lines[head], /^MODEL +CALLS +SHARE +HIT +NOW +COST +SAVED +SAVED % +FAIL$/);
    assert.match(lines[head + 1], /^anthropic.* 6 +60 % +92 % +71 % +\$1\.50 +\$0\.42 +23 % +1$/);
    assert.match(lines[head + 2], /^mistral\/tiny +2 +20 % .* 0$/);
    assert.match(lines[head + 3], /^no model +2 +20 % +– +– +– +– +– +0$/);
    assertFits(lines);
    assert.match(stdout, /^AGENT/m);
    const part = await openclaw(["taas", "status", "--models", "--agent", "main"], ANSWERS);
    assert.equal(part.code, 2);
    assert.match(part.stderr, /--models counts the calls of all agents/);
  });

  test("status --latency prints percentiles of agents and models", async () => {
    const all = await openclaw(["taas", "status", "--latency"], ANSWERS);
    const shown = / 0\.12\/0\.34 s +2\.3\/12 s +0\.46\/0\.99 s +–$/;
    for (const name of ["main", "anthropic"]) {
      const rows = all.lines.filter((line) => line.startsWith(name));
      assert.ok(
        rows.some((row) => shown.test(row)),
        `${name}\n${all.stdout}`,
      );
    }
    assertFits(all.lines);
    const one = await openclaw(["taas", "status", "main", "--latency"], ANSWERS);
    assert.doesNotMatch(one.stdout, /^MODEL/m, "models count the calls of all agents");
  });

  test("an unknown agent exits with 1 and names the known agents", async () => {
    const given = {
      [STATUS]: ({ agentId }) =>
        status(
          agentId === "nobody" ? { agents: [], sessions: [], knownAgents: ["main", "ops"] } : {},
        ),
      [LAST]: { agentId: "x", sessionId: null, capture: null },
      [ROUTES]: { routes: [], total: 0 },
      [SET]: { agentId: "nobody", algorithm: null, previous: null },
    };
    for (const args of [["status"], ["route"], ["routes"], ["algorithm"], ["algorithm", "cost"]]) {
      const run = (agent, ...more) => openclaw(["taas", ...args, "--agent", agent, ...more], given);
      const { code, stderr, requests } = await run("nobody");
      assert.equal(code, 1, args.join(" "));
      assert.match(
        stderr.replaceAll("\n", " "),
        /no agent "nobody" .* known agents are: main, ops/,
      );
      assert.equal(
        requests.some(({ method }) => method === SET),
        false,
      );
      const { json } = await run("nobody", "--json");
      assert.equal(json.error.code, "UNKNOWN_AGENT");
      assert.match(json.error.message, /main, ops/);
      assert.doesNotMatch(json.error.message, /nobody/, "JSON does not quote the command line");
      assert.equal(
        (await run("main")).code,
        0,
        "an agent that is known but has no calls yet is accepted",
      );
    }
    const clear = await openclaw(["taas", "algorithm", "none", "--agent", "nobody"], given);
    assert.equal(clear.code, 0, "the setting of an agent that is gone can be removed");
  });

  test("an agent can be named without --agent, and not twice", async () => {
    for (const name of ["status", "route", "routes"]) {
      const { requests } = await openclaw(["taas", name, "main"], ANSWERS);
      assert.equal(requests[0].params.agentId, "main", name);
      const { code, stderr } = await openclaw(["taas", name, "main", "--agent", "ops"], ANSWERS);
      assert.equal(code, 2);
      assert.match(stderr, /use only one of\s+them/);
    }
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
    assert.equal(stdout.match(/\n\nTaaS affinity/g).length, 1, "a blank line between two rounds");
    assert.match(stdout, /^TaaS affinity/);
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
