// `openclaw taas` and `/taas`, with answers of the gateway's methods made up.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { stripVTControlCharacters } from "node:util";

import plugin from "../index.js";
import { machine } from "../lib/addon/native.js";
import { ago, count, percent, usd } from "../lib/command/numbers.js";
import { chatHandler } from "../lib/command/register.js";
import { cut, widthOf, wrapped } from "../lib/command/text.js";
import { settingsOf } from "../lib/host/settings.js";
import { PublicError } from "../lib/log.js";
import { createMethods, unavailableMethods } from "../lib/methods.js";
import {
  agentRow,
  capture,
  check,
  FINE,
  NO_GATEWAY,
  NOW,
  openclaw,
  refusal,
  status,
  tally,
} from "./support/commands.mjs";
import { forgetWarnings, register } from "./support/plugin.mjs";

const STATUS = "taas.affinity.status";
const ROUTES = "taas.affinity.routes";
const LAST = "taas.affinity.lastRoute";
const SET = "taas.autorouter.setAlgorithm";

const missingScope = (scope) =>
  Object.assign(refusal("FORBIDDEN", `missing scope: ${scope}`), {
    details: { code: "MISSING_SCOPE", missingScope: scope, requiredScopes: [scope] },
  });
const closed = (reason) =>
  Object.assign(new Error(`gateway closed (1008): ${reason}\nGateway target: ws://127.0.0.1:1`), {
    name: "GatewayTransportError",
  });
const away = (message) => Object.assign(refusal("UNAVAILABLE", message), { retryable: true });

/** The ways in which the host refuses a method: what it says, the exit code and our code, what to do. */
const REFUSALS = [
  [
    "a method that the host does not know, for a client that may read alone",
    missingScope("operator.admin"),
    3,
    "UNKNOWN_METHOD",
    /plugins enable openclaw-taas-affinity.*gateway restart/,
  ],
  [
    "the same as hosts without details say it",
    refusal("INVALID_REQUEST", "missing scope: operator.admin"),
    3,
    "UNKNOWN_METHOD",
    /plugins enable openclaw-taas-affinity.*gateway restart/,
  ],
  ["a client that may not read", missingScope("operator.read"), 2, "FORBIDDEN", /approve/],
  ["a client that may not write", missingScope("operator.write"), 2, "FORBIDDEN", /approve/],
  [
    "the same as hosts without details say it, for a scope",
    refusal("INVALID_REQUEST", "missing scope: operator.write"),
    2,
    "FORBIDDEN",
    /approve/,
  ],
  [
    "a device that is not paired",
    refusal("NOT_PAIRED", "pairing required: device is not approved yet"),
    2,
    "NOT_PAIRED",
    /devices approve/,
  ],
  [
    "a device that is not paired, where the connection is closed",
    closed("pairing required: device is asking for more scopes than currently approved"),
    2,
    "NOT_PAIRED",
    /devices approve/,
  ],
  [
    "no device identity",
    refusal("NOT_PAIRED", "device identity required"),
    2,
    "NOT_PAIRED",
    /devices/,
  ],
  [
    "a wrong password",
    closed("unauthorized: gateway password mismatch"),
    2,
    "INVALID_REQUEST",
    /--token/,
  ],
  [
    "the credentials of a node",
    refusal("INVALID_REQUEST", "unauthorized role: node"),
    2,
    "INVALID_REQUEST",
    /--token/,
  ],
  [
    "too many wrong passwords",
    refusal(
      "INVALID_REQUEST",
      "unauthorized: too many failed authentication attempts (retry later)",
    ),
    2,
    "INVALID_REQUEST",
    /wait a few minutes/,
  ],
  [
    "credentials that are missing here",
    Object.assign(new Error("gateway x requires credentials\nConfig: /home/me/x"), {
      name: "GatewayCredentialsRequiredError",
    }),
    2,
    "INVALID_REQUEST",
    /--token/,
  ],
  [
    "a gateway of another release",
    refusal("INVALID_REQUEST", "protocol mismatch"),
    3,
    "PROTOCOL_MISMATCH",
    /update the older/,
  ],
  [
    "a gateway that restarts",
    away(`${STATUS} unavailable during gateway restart`),
    3,
    "UNAVAILABLE",
    /try again/,
  ],
  ["a gateway that starts", away("gateway is starting"), 3, "UNAVAILABLE", /try again/],
  [
    "a plugin that the host reloads for longer than the command waits",
    refusal("UNAVAILABLE", "PluginInstanceUnavailableError: reloading"),
    3,
    "UNAVAILABLE",
    /try again/,
  ],
];

const answers = {
  [STATUS]: status(),
  [LAST]: { agentId: "main", sessionId: "oc:4ae2870a2e73027c", capture: capture() },
  [ROUTES]: { routes: [{ agentId: "main", status: 200, ...capture() }], total: 1 },
  [SET]: { agentId: "main", algorithm: "cost", previous: null },
};

/** Chinese and Japanese characters, and the emoji used here, take two columns of a terminal; accents none. */
const columns = (line) =>
  [...line].reduce((sum, one) => {
    const width = /[\u3000-\u{1ffff}]/u.test(one) ? 2 : 1;
    return sum + (/\p{M}/u.test(one) ? 0 : width);
  }, 0);

function assertFits(lines, width = 80) {
  for (const line of lines) {
    assert.ok(columns(stripVTControlCharacters(line)) <= width, `${columns(line)}: ${line}`);
  }
}

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

describe("what a person reads", () => {
  test("numbers", () => {
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

  test("columns, by Unicode's East Asian width", () => {
    const wide = "ー・、。「」〜〇々ヶ㈱㌔㍻ㄱㆍ한글あア漢字注ㄅㆠꀀ＝～￥︰﹖𠮷𗀀🈂🙂";
    for (const one of wide) {
      assert.equal(widthOf(one), 2, `${one} ${one.codePointAt(0).toString(16)}`);
    }
    for (const one of "aé–…·→█│①ｱｰ･ﾞ｡￨кαא") {
      assert.equal(widthOf(one), 1, `${one} ${one.codePointAt(0).toString(16)}`);
    }
    assert.equal(widthOf("e\u0301"), 1);
    assert.equal(widthOf("\u1112\u1161\u11ab"), 2, "a syllable in three parts");
    assert.equal(widthOf("が\u3099"), 2);
    assert.equal(widthOf("ｶﾞ"), 2);
    assert.equal(widthOf("サーバー・モデル"), 16);
  });

  test("a long text in a time that grows as it does", () => {
    for (const one of ["x", "日", "😀", "🇩🇪", "e\u0301", "👩‍", "\u0301"]) {
      const long = one.repeat(50_000);
      const start = process.cpuUsage();
      for (const [text, width] of [
        [long, 80],
        [`${one} `.repeat(5000), 1000],
      ]) {
        assert.ok(
          [cut(text, width), ...wrapped(text, width)].every((line) => widthOf(line) <= width),
        );
      }
      const { user, system } = process.cpuUsage(start);
      assert.ok(user + system < 2_000_000, `${JSON.stringify(one)}: ${(user + system) / 1000} ms`);
    }
    // As in one piece, wherever a piece ends.
    for (const one of ["x", "日", "🇩🇪", "e\u0301", "👩‍👩‍👧", "각"]) {
      for (const before of ["", "a", "aa", "aaa"]) {
        assert.equal(widthOf(before + one.repeat(1000)), before.length + 1000 * widthOf(one));
      }
    }
  });

  test("status: a row for each agent, a total, what was saved", async () => {
    const { lines, stdout, code, asked } = await openclaw(["taas", "status"], {
      [STATUS]: status({ agents: [agentRow(), agentRow({ agentId: "ops", model: null })] }),
    });
    assert.equal(code, 0);
    assert.deepEqual(
      asked.map(({ method, params }) => [method, params]),
      [[STATUS, {}]],
    );
    const row = lines.find((line) => line.startsWith("main"));
    for (const shown of ["claude", "10", "601 k", "92 %", "$0.42", "2 min ago"]) {
      assert.ok(row.includes(shown), `${shown} in ${row}`);
    }
    assert.ok(lines.some((line) => line.startsWith("ops")));
    assert.ok(lines.some((line) => line.startsWith("all")));
    assert.match(stdout, /Saved \$0\.42 of \$1\.80 \(baseline: as if nothing had been cached\)/);
    assert.doesNotMatch(stdout, /oc:/, "sessions are shown where they are asked for");
    assertFits(lines);
  });

  test("status: with sessions, and one session in full with its calls", async () => {
    const all = await openclaw(["taas", "status", "--sessions"], answers);
    assert.match(all.stdout, /oc:4ae2870a2e73027c/);
    assertFits(all.lines);
    const calls = [
      { at: NOW - 60_000, status: 429, failed: true, model: null, tokens: tally().tokens },
    ];
    const one = await openclaw(["taas", "status", "--session", "oc:4ae2870a2e73027c"], {
      [STATUS]: status({ sessions: [{ ...agentRow({ algorithm: "cost" }), calls }] }),
    });
    assert.deepEqual(one.asked[0].params, { sessionId: "oc:4ae2870a2e73027c" });
    for (const shown of [
      /pinned by +workspaceDir/,
      /algorithm +cost/,
      /1 x 429/,
      /1 min ago +429/,
    ]) {
      assert.match(one.stdout, shown);
    }
    assert.doesNotMatch(one.stdout, /^all/m, "a total of all is none of one");
    assertFits(one.lines);
  });

  test("status: negative savings are shown, and so is that there are no prices", async () => {
    const saved = { tokens: -900, usd: -0.25, usdWithoutCache: 0.1, pricedRequests: 4 };
    const lost = await openclaw(["taas", "status"], {
      [STATUS]: status({ totals: tally({ saved }) }),
    });
    assert.match(lost.stdout, /Saved -\$0\.25 of \$0\.10 in 4 calls with a price/);
    const unpriced = { tokens: 552_000, usd: null, usdWithoutCache: null, pricedRequests: 0 };
    const tokens = await openclaw(["taas", "status"], {
      [STATUS]: status({ totals: tally({ saved: unpriced }) }),
    });
    assert.match(tokens.stdout, /^all .*552 k tok/m);
    assert.match(tokens.stdout, /Saved 552 k tokens; no price is known/);
  });

  test("status: before the first call, and of what was never seen", async () => {
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
    assert.match(fresh.stdout, /No call has ended/);
    const none = await openclaw(["taas", "status", "--agent", "nobody"], {
      [STATUS]: status({ agents: [], sessions: [] }),
    });
    assert.match(none.stdout, /Nothing was seen/);
  });

  test("route and routes", async () => {
    const last = await openclaw(["taas", "route", "--agent", "main"], answers);
    assert.deepEqual(last.asked[0], {
      ...last.asked[0],
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
    assert.match(miss.stdout, /No autorouted answer/);
    assert.equal(miss.code, 0);
    const failed = { agentId: "ops", status: 503, ...capture({ autorouterModel: null }) };
    const { asked, stdout, lines } = await openclaw(["taas", "routes", "--limit", "2"], {
      [ROUTES]: { routes: [failed, failed], total: 7 },
    });
    assert.deepEqual(asked[0].params, { limit: 2 });
    assert.match(stdout, /2 min ago +ops +503/);
    assert.match(stdout, /2 of 7: --limit/);
    assertFits(lines);
  });

  test("algorithm: shown, set and cleared", async () => {
    const unset = await openclaw(["taas", "algorithm"], answers);
    assert.match(unset.stdout, /None is set/);
    // What is asked for is the gateway's to choose: it knows ids in any letter case, and workspaces.
    const algorithms = [
      { sessionId: "oc:4ae2870a2e73027c", algorithm: "tps" },
      { agentId: "ops-bot", algorithm: "cost" },
    ];
    const shown = await openclaw(["taas", "algorithm", "--agent", "Ops-Bot"], {
      [STATUS]: status({ algorithms, agents: [], sessions: [] }),
    });
    assert.deepEqual(shown.asked[0].params, { agentId: "Ops-Bot" });
    assert.match(shown.stdout, /ops-bot +cost/);
    assert.match(shown.stdout, /oc:4ae2870a2e73027c +tps/);
    const set = await openclaw(["taas", "algorithm", "cost", "--agent", "main"], answers);
    assert.deepEqual(set.asked[0].params, { agentId: "main", algorithm: "cost" });
    assert.match(set.stdout, /^main: cost from the next call on \(was none\)$/m);
    const cleared = await openclaw(
      ["taas", "algorithm", "none", "--session", "oc:4ae2870a2e73027c"],
      {
        [SET]: { sessionId: "oc:4ae2870a2e73027c", algorithm: null, previous: "cost" },
      },
    );
    assert.equal(cleared.asked[0].params.algorithm, null);
    assert.match(cleared.stdout, /none from the next call on \(was cost\)/);
  });

  test("doctor: every row, what was found and what to do", async () => {
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

  test("a directory is asked for as the gateway can read it", async () => {
    const asked = async (dir) =>
      (await openclaw(["taas", "route", "--workspace", dir], answers)).asked[0].params.workspaceDir;
    assert.equal(await asked("sub"), `${process.cwd()}/sub`);
    assert.equal(await asked("/a/../b"), "/a/../b");
    assert.equal(await asked("~/work"), "~/work");
  });
});

describe("what comes over the network", () => {
  for (const nasty of NASTY) {
    test(`${JSON.stringify(nasty.slice(0, 12))}... fits and commands no terminal`, async () => {
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
        assert.equal(stdout.includes("[31m"), false, "nothing is left of a sequence");
        assert.doesNotMatch(stdout, /(?!\n)[\p{Cc}\p{Cf}\p{Cs}]/u);
        const { stdout: text, json } = await openclaw(["taas", ...args, "--json"], all);
        assert.doesNotMatch(text, /(?!\n)[\p{Cc}\p{Cf}]/u);
        if (args[0] === "route") {
          assert.equal(json.agentId, nasty, "JSON says what was answered");
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

test("a call that was cut in its stream is none that ended well", async () => {
  const calls = [
    { at: NOW, status: 200, failed: true, model: null, tokens: {} },
    { at: NOW, status: null, failed: true, model: null, tokens: {} },
    { at: NOW, status: 429, failed: true, model: null, tokens: {} },
    { at: NOW, status: 200, failed: false, model: null, tokens: {} },
  ];
  const sessions = [{ ...agentRow(), calls }];
  const given = { [STATUS]: status({ sessions }) };
  const { stdout } = await openclaw(["taas", "status", "--session", "oc:4ae2870a2e73027c"], given);
  const shown = stdout.match(/cut off|429|\b200\b/g);
  assert.deepEqual(shown.slice(-4), ["cut off", "cut off", "429", "200"], stdout);
});

test("a gateway that is slow is not taken for one that is away", async () => {
  const slow = Object.assign(new Error("gateway timeout after 1ms"), {
    name: "GatewayTransportError",
  });
  const { stderr, code } = await openclaw(["taas", "status"], { [STATUS]: slow });
  assert.equal(code, 3);
  assert.match(stderr, /give it longer, with --timeout/);
});

describe("colour", () => {
  const colourful = { hasColors: () => true };
  const shown = async (host) =>
    (await openclaw(["taas", "doctor"], answers, host)).stdout.includes("\u001b[");

  test("on a terminal only, and never with NO_COLOR", async () => {
    assert.equal(await shown({ terminal: colourful }), true);
    assert.equal(await shown({}), false);
    assert.equal(await shown({ terminal: colourful, env: { NO_COLOR: "1" } }), false);
    assert.equal(await shown({ terminal: { hasColors: () => false } }), false);
  });

  test("a narrow terminal gets narrow lines", async () => {
    const { lines } = await openclaw(["taas", "status", "--sessions"], answers, {
      terminal: { columns: 60 },
    });
    assertFits(lines, 60);
  });
});

describe("exit codes", () => {
  const cases = [
    ["an answer", ["status"], answers, 0],
    ["a doctor with nothing to say", ["doctor"], answers, 0],
    ["a doctor with a warning", ["doctor"], { [STATUS]: status({ checks: [check()] }) }, 1],
    ["warnings in status", ["status"], { [STATUS]: status({ warnings: [check()] }) }, 0],
    [
      "a method that cannot answer",
      ["status"],
      { [STATUS]: refusal("UNAVAILABLE", "no binary for this machine") },
      1,
      "UNAVAILABLE",
    ],
    ["an answer of another shape", ["doctor"], { [STATUS]: { hello: 1 } }, 1, "UNEXPECTED"],
    ["an unknown option", ["status", "--nope"], answers, 2, "INVALID_REQUEST"],
    ["an option without its value", ["status", "--agent"], answers, 2, "INVALID_REQUEST"],
    [
      "an option in the place of a value",
      ["status", "--agent", "--sessions"],
      answers,
      2,
      "INVALID_REQUEST",
    ],
    ["an argument too many", ["status", "extra"], answers, 2, "INVALID_REQUEST"],
    ["an unknown command", ["nonsense"], answers, 2, "INVALID_REQUEST"],
    ["an unknown option of none", ["--nope"], answers, 2, "INVALID_REQUEST"],
    ["two selectors", ["route", "--agent", "a", "--session", "b"], answers, 2, "INVALID_REQUEST"],
    ["a limit that is no number", ["routes", "--limit", "many"], answers, 2, "INVALID_REQUEST"],
    ["an empty limit", ["routes", "--limit", ""], answers, 2, "INVALID_REQUEST"],
    ["a limit in another writing", ["routes", "--limit=1e2"], answers, 2, "INVALID_REQUEST"],
    [
      "another's token",
      ["status"],
      { [STATUS]: refusal("INVALID_REQUEST", "unauthorized: gateway token mismatch") },
      2,
      "INVALID_REQUEST",
    ],
    ["an algorithm for nobody", ["algorithm", "cost"], answers, 2, "INVALID_REQUEST"],
    [
      "what the method refuses",
      ["route"],
      { [LAST]: refusal("INVALID_REQUEST", `${LAST}: sessionId is "x"`) },
      2,
      "INVALID_REQUEST",
    ],
    ["no gateway", ["status"], { [STATUS]: NO_GATEWAY }, 3, "UNREACHABLE"],
    ["a gateway without the plugin, or with an older one", ["status"], {}, 3, "UNKNOWN_METHOD"],
    ...REFUSALS.map(([what, error, exit, code]) => [
      what,
      ["status"],
      { [STATUS]: error },
      exit,
      code,
    ]),
  ];
  for (const [what, args, given, exit, code] of cases) {
    test(`${exit}: ${what}`, async () => {
      const person = await openclaw(["taas", ...args], given);
      assert.equal(person.code, exit);
      const program = await openclaw(["taas", args[0], "--json", ...args.slice(1)], given);
      assert.equal(program.code, exit);
      assert.equal(program.stderr, "");
      if (code === undefined) {
        assert.equal(person.stderr, "");
        return;
      }
      assert.equal(program.json.ok, false);
      assert.equal(program.json.error.code, code);
      assert.ok(program.json.error.message.length > 5);
      assert.equal(person.stdout, "");
      assert.match(person.stderr, /^openclaw taas/);
      if (exit > 1) {
        assert.match(person.stderr, /To do: .*openclaw/s);
      }
      assertFits(person.stderr.split("\n"));
    });
  }

  for (const [what, error, , , advice] of REFUSALS) {
    test(`to do is what helps: ${what}`, async () => {
      const { stderr } = await openclaw(["taas", "status"], { [STATUS]: error });
      assert.match(stderr.replaceAll("\n", " "), advice);
      assert.doesNotMatch(stderr, /Gateway target|Config:/);
      const { json } = await openclaw(["taas", "status", "--json"], { [STATUS]: error });
      assert.match(json.error.advice, advice);
    });
  }

  test("a method that quotes the words of a refusal is not taken for one", async () => {
    for (const quoted of [
      "pairing required",
      "unknown method",
      "unauthorized",
      "missing scope: x",
    ]) {
      const given = { [LAST]: refusal("INVALID_REQUEST", `${LAST}: sessionId is "${quoted}"`) };
      const { code, stderr } = await openclaw(["taas", "route", "--session", quoted], given);
      assert.equal(code, 2);
      assert.match(stderr, /^openclaw taas route: sessionId is/);
      assert.match(stderr, /To do: openclaw taas route --help/);
    }
  });

  test("taas alone shows help", async () => {
    const { code, stdout } = await openclaw(["taas"], answers);
    assert.equal(code, 0);
    assert.match(stdout, /Usage: openclaw taas/);
    for (const name of ["status", "route", "routes", "algorithm", "doctor"]) {
      assert.match(stdout, new RegExp(`^ +${name} `, "m"));
    }
    assert.match(stdout, /Exit codes/);
  });

  const failed = (message, more) => Object.assign(new Error(message), more);
  const LEAKY =
    "ws://gw.corp.example:18789/?token=sk-secret-1 10.20.30.40 /home/secret/.openclaw/x";
  for (const [what, args, given, said] of [
    [
      "a gateway that refuses a connection",
      ["doctor"],
      { [STATUS]: failed("connect ECONNREFUSED 10.20.30.40:18789", { code: "ECONNREFUSED" }) },
      "no gateway answers (ECONNREFUSED)",
    ],
    [
      "a host without an address",
      ["status"],
      {
        [STATUS]: failed("fetch failed", {
          cause: failed("getaddrinfo ENOTFOUND gw.corp.example", { code: "ENOTFOUND" }),
        }),
      },
      "no gateway answers (ENOTFOUND)",
    ],
    [
      "a file that is not there",
      ["doctor"],
      {
        [STATUS]: failed("ENOENT: no such file or directory, open '/home/secret/.openclaw/x'", {
          code: "ENOENT",
        }),
      },
      "no gateway answers (ENOENT)",
    ],
    [
      "a connection that was closed",
      ["doctor"],
      { [STATUS]: failed(`gateway closed (1006): ${LEAKY}`, { code: 1006 }) },
      "no gateway answers (1006)",
    ],
    [
      "no credentials at all",
      ["doctor"],
      { [STATUS]: failed(LEAKY, { name: "GatewayCredentialsRequiredError" }) },
      /^the gateway client has no credentials that it can use; without --json/,
    ],
    [
      "an error with another text for its code",
      ["doctor"],
      { [STATUS]: failed(LEAKY, { code: LEAKY }) },
      "no gateway answers",
    ],
    [
      "credentials that do not fit",
      ["doctor"],
      { [STATUS]: failed(LEAKY, { name: "GatewayExplicitAuthRequiredError" }) },
      /^the gateway client .* without --json/,
    ],
    [
      "a method that cannot answer",
      ["doctor"],
      { [STATUS]: refusal("UNAVAILABLE", `${LEAKY} does not load`) },
      /^the gateway cannot answer; without --json/,
    ],
    [
      "a code that is none",
      ["doctor"],
      { [STATUS]: refusal(LEAKY, LEAKY) },
      /^the gateway cannot answer; without --json/,
    ],
    [
      "what the method refuses",
      ["route", "--workspace", "/home/secret"],
      {
        [LAST]: refusal(
          "INVALID_REQUEST",
          `${LAST}: unknown key ${JSON.stringify(LEAKY)}; accepted is x`,
        ),
      },
      'unknown key "…"; accepted is x',
    ],
    [
      "what the host refuses",
      ["route", "--workspace", "/home/secret"],
      { [LAST]: refusal("INVALID_REQUEST", `no device at ${LEAKY}`) },
      /^the gateway refuses it; without --json/,
    ],
    [
      "an answer of another shape",
      ["doctor"],
      {
        [STATUS]: {
          get checks() {
            throw failed(LEAKY, { code: "ERR_MODULE_NOT_FOUND" });
          },
        },
      },
      "the answer is not understood (ERR_MODULE_NOT_FOUND)",
    ],
    ["an unknown command", ["/home/secret"], answers, "unknown command"],
    ["an unknown option", ["--token=sk-secret"], answers, "unknown option"],
    [
      "an unknown option of a command",
      ["status", "--key=sk-secret"],
      answers,
      "the arguments are not understood (commander.unknownOption)",
    ],
    [
      "an argument that is no algorithm",
      ["algorithm", "sk-secret", "--agent", "/home/secret"],
      { [SET]: refusal("INVALID_REQUEST", `${SET}: agentId is "/home/secret"`) },
      'agentId is "…"',
    ],
    ["a limit", ["routes", "--limit", "/home/secret"], answers, /^--limit is no whole number/],
    [
      "another's token",
      ["status"],
      { [STATUS]: refusal("INVALID_REQUEST", `unauthorized: ${LEAKY}`) },
      "the gateway does not accept the credentials",
    ],
    ["an option that took `--json` for its value", ["status", "--agent"], answers, /^--agent is/],
  ]) {
    test(`in JSON has no foreign word: ${what}`, async () => {
      const { stdout, json } = await openclaw(["taas", ...args, "--json"], given);
      assert.doesNotMatch(stdout, /secret|corp|10\.20|token=/);
      const { message } = json.error;
      assert.ok(typeof said === "string" ? message === said : said.test(message), message);
    });
  }

  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const here = {
    versions: { plugin: version, openclaw: "2026.9.6", node: process.versions.node },
    platform: machine(),
  };

  test("of a doctor without the addon says of which versions and which machine", async () => {
    const cause = new Error(`${LEAKY} does not load`);
    const [{ handler }] = unavailableMethods(
      new PublicError("the binary does not load", { cause }),
    );
    let refused;
    handler({ params: {}, respond: (_, __, error) => (refused = error) });
    const given = {
      [STATUS]: Object.assign(refusal(refused.code, refused.message), { details: refused.details }),
    };
    const { code, json, stdout } = await openclaw(["taas", "doctor", "--json"], given);
    assert.equal(code, 1);
    const message = "the plugin's native binary is missing or does not load; without --json";
    assert.deepEqual(json, {
      ok: false,
      error: { code: "UNAVAILABLE", message: `${message} the command says more` },
      ...here,
    });
    assert.doesNotMatch(stdout, /secret|corp/);
    assert.match(here.platform, /^\w+-\w+( \((glibc|musl)\))?$/);
    const person = await openclaw(["taas", "doctor"], given);
    assert.match(
      person.stderr.replaceAll("\n", " "),
      /the binary does not load; the gateway's log says why/,
    );
  });

  test("of a doctor without a gateway does so too, and of no other command", async () => {
    const doctor = await openclaw(["taas", "doctor", "--json"], { [STATUS]: NO_GATEWAY });
    assert.equal(doctor.code, 3);
    const { ok, error, ...rest } = doctor.json;
    assert.equal(error.code, "UNREACHABLE");
    assert.deepEqual(rest, here);
    const { json } = await openclaw(["taas", "status", "--json"], { [STATUS]: NO_GATEWAY });
    assert.deepEqual(Object.keys(json), ["ok", "error"]);
  });

  test("of a doctor that gets no answer which it understands does so too", async () => {
    for (const answer of [null, 7, {}, { checks: [null] }]) {
      const { code, json } = await openclaw(["taas", "doctor", "--json"], { [STATUS]: answer });
      assert.equal(code, 1);
      const { ok, error, ...rest } = json;
      assert.equal(error.code, "UNEXPECTED");
      assert.deepEqual(rest, here);
    }
  });

  test("of a host without a gateway client says so, since nothing was asked", async () => {
    const missing = Object.assign(new Error(LEAKY), { code: "ERR_MODULE_NOT_FOUND" });
    for (const gateway of [missing, {}]) {
      const doctor = await openclaw(["taas", "doctor", "--json"], answers, { gateway });
      assert.equal(doctor.code, 3);
      const { ok, error, ...rest } = doctor.json;
      assert.equal(error.code, "NO_CLIENT");
      assert.equal(error.message, "this OpenClaw has no gateway client for plugins");
      assert.match(error.advice, /update/);
      assert.deepEqual(rest, here);
      const { code, stderr } = await openclaw(["taas", "status"], answers, { gateway });
      assert.equal(code, 3);
      assert.match(stderr, /has no gateway client for plugins/);
    }
  });

  test("for a person has the words of who refused", async () => {
    const { stderr } = await openclaw(["taas", "status"], {
      [STATUS]: failed("connect ECONNREFUSED 10.20.30.40:18789", { code: "ECONNREFUSED" }),
    });
    assert.match(stderr, /10\.20\.30\.40:18789/);
  });

  test("a plugin that is being reloaded is asked again", async () => {
    const away = refusal("UNAVAILABLE", "PluginInstanceUnavailableError: reloading");
    const { code, asked } = await openclaw(["taas", "status"], {
      [STATUS]: (_, time) => (time === 1 ? away : status()),
    });
    assert.equal(code, 0);
    assert.equal(asked.length, 2);
  });
});

describe("status --watch", () => {
  const watched = (args, given, host, rounds = 2) =>
    openclaw(["taas", "status", "--watch", ...args], given, {
      ...host,
      onAsked: (time, emit) => time === rounds && emit("SIGINT"),
    });

  test("asks again until interrupted, and takes its listener away", async () => {
    const { asked, stdout, code, listeners } = await watched([], answers);
    assert.equal(asked.length, 2);
    assert.equal(stdout.match(/^AGENT/gm).length, 2);
    assert.equal(code, 0);
    assert.equal(listeners.size, 0);
    assert.equal(stdout.includes("\u001b"), false);
  });

  test("redraws on a terminal", async () => {
    const { stdout } = await watched([], answers, { terminal: {} });
    assert.equal(stdout.split("\u001b[1;1H").length, 3);
  });

  test("JSON is a line each", async () => {
    const { lines } = await watched(["--json"], answers);
    assert.equal(lines.length, 2);
    assert.equal(JSON.parse(lines[1]).now, NOW);
  });

  test("goes on where a gateway goes away in between, but not where there was none", async () => {
    const { asked, stderr, code } = await watched(
      [],
      { [STATUS]: (_, time) => (time === 2 ? NO_GATEWAY : status()) },
      {},
      3,
    );
    assert.equal(asked.length, 3);
    assert.match(stderr, /no gateway answers/);
    assert.equal(code, 0);
    const never = await openclaw(["taas", "status", "--watch"], { [STATUS]: NO_GATEWAY });
    assert.equal(never.code, 3);
    assert.equal(never.asked.length, 1);
  });
});

describe("registration", () => {
  test("the host's program is left as it is", async () => {
    const { program, before } = await openclaw(["taas", "status"], answers);
    assert.deepEqual(program.options, before.options);
    assert.equal(program.commands[0].error, before.other);
    assert.deepEqual(
      program.commands.map((command) => command.name()),
      ["other", "taas"],
    );
  });

  test("the manifest names the command as it is registered", () => {
    const registered = [];
    register({ registerCli: (_, options) => registered.push(options) });
    const { cliCommands } = JSON.parse(
      readFileSync(new URL("../openclaw.plugin.json", import.meta.url), "utf8"),
    );
    assert.deepEqual(registered, [{ commands: ["taas"], descriptors: cliCommands }]);
  });

  test("where commands alone are asked for, nothing else is touched", () => {
    const touched = [];
    const api = new Proxy(
      { registrationMode: "cli-metadata", logger: { warn: (line) => touched.push(line) } },
      { get: (given, key) => given[key] ?? (() => touched.push(key)) },
    );
    plugin.register(api);
    assert.deepEqual(touched, ["registerCli"]);
  });

  test("a host without commands is not warned of, and keeps everything else", () => {
    forgetWarnings();
    for (const missing of [{}, { registerCli: undefined, registerCommand: null }]) {
      const host = register(missing);
      assert.deepEqual(host.warnings, []);
      assert.ok(host.provider);
      assert.ok(host.methods.size > 0);
    }
  });

  test("a host that refuses commands keeps everything else, with one warning each", () => {
    forgetWarnings();
    const refuse = () => {
      throw new Error("not here");
    };
    const host = register({ registerCli: refuse, registerCommand: refuse });
    assert.deepEqual(host.warnings, [
      "taas-affinity: there is no `openclaw taas`: not here (said once)",
      "taas-affinity: there is no `/taas`: not here (said once)",
    ]);
    assert.ok(host.provider);
    assert.ok(host.methods.size > 0);
    assert.deepEqual(register({ registerCli: refuse, registerCommand: refuse }).warnings, []);
  });
});

describe("/taas", () => {
  const chat = async (args, given = answers, agentId = "main") => {
    const asked = [];
    const ask = async (method, params) => {
      asked.push([method, params]);
      return given[method] ?? Promise.reject(new PublicError("not here"));
    };
    const warnings = [];
    const handler = chatHandler(ask, (...warning) => warnings.push(warning));
    return { ...(await handler({ agentId, args })), asked, warnings };
  };

  test("says what is known of the agent that one is talking to", async () => {
    const { text, asked } = await chat(undefined, {
      ...answers,
      [STATUS]: status({ warnings: [check()] }),
    });
    assert.match(text, /^main: answered by anthropic\/claude-sonnet, 2 min ago$/m);
    assert.match(text, /^92 % of the prompt cached in 10 calls, \$0\.42 saved$/m);
    assert.match(text, /^1 warning: \/taas doctor$/m);
    assert.ok(asked.every(([, { agentId }]) => agentId === "main"));
  });

  test("routes, doctor, and what else there is", async () => {
    const failed = { agentId: "main", status: 503, ...capture({ autorouterModel: null }) };
    const { text, asked } = await chat("routes", { [ROUTES]: { routes: [failed], total: 1 } });
    assert.match(text, /failed with 503/);
    assert.deepEqual(asked, [[ROUTES, { agentId: "main", limit: 5 }]]);
    const doctor = await chat(" Doctor ", { [STATUS]: status({ checks: [FINE, check()] }) });
    assert.match(doctor.text, /low-hit-rate/);
    assert.match(doctor.text, /1 ok, 1 warning/);
    assert.match((await chat("nonsense")).text, /\/taas routes/);
    assert.match((await chat("constructor")).text, /\/taas routes/);
  });

  test("an error is an answer", async () => {
    assert.match((await chat("", {})).text, /cannot answer: not here/);
  });

  test("an error that is not ours is told to the log alone", async () => {
    const failing = new Error(`ENOENT: no such file, open '/home/secret/x'`);
    const { text, warnings } = await chat("", { [STATUS]: Promise.reject(failing) });
    assert.equal(
      text,
      "TaaS affinity cannot answer: something went wrong in the plugin; the gateway's log says why",
    );
    assert.deepEqual(warnings, [["chat", "`/taas` cannot answer", failing]]);
  });

  test("a method that fails says so without the error, which is in the log", () => {
    const failing = new Error("EACCES: permission denied, open '/home/secret/x'");
    const warnings = [];
    const [{ handler }] = createMethods({
      addon: {
        native: { methods: () => [{ name: STATUS, scope: "operator.read" }] },
        gateway: { ask: () => assert.fail(failing) },
      },
      host: { config: () => ({}), settings: settingsOf({}, {}), providers: [] },
      log: { warn: (...warning) => warnings.push(warning) },
    });
    handler({
      params: {},
      respond: (ok, _, { code, message }) => {
        assert.equal(ok, false);
        assert.equal(code, "UNAVAILABLE");
        assert.match(message, /the gateway's log says why$/);
        assert.doesNotMatch(message, /secret/);
      },
    });
    assert.equal(warnings[0][2], failing);
  });

  test("an error is an answer whatever the host says", async () => {
    const boom = () => assert.fail("boom");
    const trapped = new Proxy({}, { get: boom, getPrototypeOf: boom });
    for (const context of [
      undefined,
      null,
      7,
      { args: 5 },
      { args: {} },
      { args: null },
      trapped,
    ]) {
      const handler = chatHandler(
        async () => ({}),
        () => {},
      );
      const { text } = await handler(context);
      assert.ok(text.length > 0);
    }
    const nasty = { [STATUS]: Promise.reject(trapped) };
    assert.match((await chat("doctor", nasty)).text, /cannot answer/);
  });

  test("asks the methods of this very process", async () => {
    const commands = [];
    register({ registerCommand: (command) => commands.push(command) });
    const [{ name, handler }] = commands;
    assert.equal(name, "taas");
    const { text } = await handler({ agentId: "nobody-yet", args: "" });
    assert.match(text, /^nobody-yet: no autorouted answer yet\nno call has ended yet/);
  });
});
