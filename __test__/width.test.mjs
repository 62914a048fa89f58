// All output for people fits 80 columns. Tables for Markdown files may be wider.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { stripVTControlCharacters } from "node:util";

import { report as benchReport } from "../bench/report.mjs";
import { demoReport } from "../demo/report.mjs";
import { report as replayReport } from "../replay/report.mjs";
import { hostsReport } from "../scripts/hosts-report.mjs";
import { platforms, readJson } from "../scripts/platforms.mjs";
import { STEPS } from "../scripts/ready.mjs";
import { terminalTable, wrap } from "../scripts/terminal.mjs";
import { progress } from "../sim/progress.mjs";
import { check, openclaw, status } from "./support/commands.mjs";
import { ROOT } from "./support/plugin.mjs";

function assertFits(text, width = 80) {
  for (const line of stripVTControlCharacters(text).split("\n")) {
    assert.ok([...line].length <= width, `${[...line].length}: ${line}`);
  }
}

/** The first table of a document. */
function tableOf(name) {
  const lines = readFileSync(join(ROOT, name), "utf8").split("\n");
  const first = lines.findIndex((line) => line.startsWith("|"));
  const length = lines.slice(first).findIndex((line) => !line.startsWith("|"));
  const cells = (line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
  const [head, , ...rows] = lines.slice(first, first + length).map(cells);
  return { head, rows };
}

/** A measured value with the fields of all kinds, as long as they get. */
const wide = { median: 1234.5, q1: 1200.1, q3: 1300.9, min: 0.91234, max: 0.99999, p50: 1, p99: 2 };

describe("the demo", () => {
  const phase = (title, more) => ({
    title,
    result: {
      requests: 1036,
      hitRate: 0.6294,
      relativeCost: 0.4335,
      slotsByAgent: { coder: 8, "an-agent-with-a-long-id": 8 },
      inputTokens: 12_345_678,
      cachedTokens: 11_345_678,
      ...more,
    },
  });
  const ranges = { hitRateRange: [0.5531, 0.6812], relativeCostRange: [0.3866, 0.5021] };
  const shown = {
    phases: [
      phase("without the plugin, slot drawn"),
      phase("without the plugin, slot guessed", ranges),
      phase("with the plugin"),
    ],
    hintCounts: {
      agentRuns: { hinted: 24, requests: 24 },
      all: { hinted: 30, requests: 36 },
      lacking: Array.from({ length: 6 }, (_, request) => ({
        request,
        agent: "coder",
        lacks: ["repo_name", "git_branch_hint", "git_dirty_hint"],
      })),
    },
    slots: 8,
    draws: 5,
    status: "TaaS affinity 1.0.0, one session for each workspace\n",
    line: `$0.19 saved (68 %), ${"a-very-long-model-name-".repeat(5)}`,
  };

  test("the demo's report fits 80 columns", () => {
    const text = demoReport(shown);
    assertFits(text);
    for (const figure of ["62.9 %", "12,345,678", "(55.3–68.1)", "30 of 36", "$0.19 saved"]) {
      assert.ok(text.includes(figure), `${figure}\n${text}`);
    }
    assertFits(demoReport({ ...shown, hintCounts: null }));
  });

  test("the demo's report has the same text with and without colour", () => {
    const coloured = demoReport({ ...shown, color: true });
    const trimmed = (text) => text.replaceAll(/ +$/gm, "");
    assert.equal(trimmed(stripVTControlCharacters(coloured)), trimmed(demoReport(shown)));
    assert.ok(coloured.includes("\u001b[32;1m"), "the row with the plugin is green");
  });

  test("progress fits one line on a terminal of any width, and in a log", () => {
    for (const stream of [{ isTTY: true, columns: 60 }, { isTTY: true, columns: 200 }, {}]) {
      const written = [];
      const meter = progress({ ...stream, write: (text) => written.push(text) }, 3);
      meter.say(`seed 1: no identity, guessed by the beginning, 16 slots, ${"kept ".repeat(20)}`);
      meter.step("without the plugin, slot guessed: an-agent-with-a-long-id, turn 12 of several");
      assert.ok(written.length > 0);
      for (const text of written) {
        assertFits(text.replace("\r", ""), Math.min(80, stream.columns ?? 80));
      }
    }
  });
});

describe("the replay", () => {
  test("the replay's report fits 80 columns", () => {
    const result = readJson(join(ROOT, "docs", "replay.json"));
    const source = { ...result.source, file: `${"a-long-name".repeat(10)}.jsonl.gz` };
    const text = replayReport({ ...result, source });
    assertFits(text);
    const [{ hitRate }] = result.rows;
    assert.ok(text.includes(`${(hitRate.median * 100).toFixed(1)} %`));
    assertFits(replayReport({ ...result, plugin: false }));
  });

  test("the replay's errors fit 80 columns", () => {
    for (const args of [["--seeds", "4"], ["--nonsense"], [`/nowhere/${"deep/".repeat(30)}x`]]) {
      const script = join(ROOT, "replay", "replay.mjs");
      const { stderr } = spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
      assert.ok(stderr.length > 0);
      assertFits(stderr);
    }
  });
});

test("the bench's report fits 80 columns, and is Markdown on request", () => {
  const timed = { p50: wide, p99: wide, mean: wide };
  const contestants = { plugin: timed, ideal: timed, usual: timed };
  const scenario = (name) => ({
    name,
    summary: contestants,
    ratios: { ideal: timed, usual: timed },
  });
  const starts = Object.fromEntries(
    [
      "first",
      "firstImport",
      "firstRegister",
      "hundredth",
      "later",
      "againLater",
      "residentFirst",
      "residentCopies",
      "residentLater",
      "residentAgain",
    ].map((key) => [key, { ...wide, median: 1e8 }]),
  );
  const results = {
    about: {
      date: "2026-12-01",
      plugin: "0.1.0",
      node: "v24.21.0",
      rustc: "rustc 1.97.1 (0123456789 2026-11-01)",
      git: "git version 2.47.3",
      cpu: "16 x An Example Processor With A Long Name @ 3.50GHz",
      memory: "64 GB",
      system: "linux 6.12.0-amd64-with-a-suffix",
      quick: true,
    },
    conformance: { passed: 121, failed: 1 },
    calls: [
      "10 KB, 10 messages, 10 response headers",
      "20 MB",
      "a new identity for every call",
      "a simple completion",
    ].map(scenario),
    repositories: ["a repository of 100 files", "a repository of 10,000 files"].map(scenario),
    git: {
      probes: 100,
      bytes: 1.6e9,
      asking: wide,
      slowest: 1,
      young: wide,
      answered: wide,
      processor: 12.5,
    },
    parts: [{ what: "capture a response", state: "full", plugin: wide, ideal: wide, ratio: wide }],
    start: { plugin: starts, ideal: starts, nothing: starts },
    memory: ["plugin", "ideal", "nothing"].map((contestant) => ({
      contestant,
      calls: 1_000_000,
      warmUp: 1e9,
      end: 1e9,
      growth: 1e7,
      highest: 1e9,
    })),
    threads: [{ one: 1e6, eight: 4e6 }],
    trace: { traced: true, calls: 200, offences: 0, counts: { epoll_pwait: 200 } },
    gateway: { turns: 60, own: { median: 0.1, p99: 0.9 } },
    demo: {
      agentRuns: { hinted: 24, requests: 24 },
      all: { hinted: 36, requests: 36 },
      lacking: [],
    },
    sizes: {
      name: "openclaw-taas-affinity.linux-arm64-musl.node",
      binary: 1e6,
      installed: { bytes: 3e5 },
    },
  };
  const text = benchReport(results);
  assertFits(text);
  assert.match(text, /1235 \(1200–1301\)/);
  assert.match(benchReport(results, { markdown: true }), /^\| case +\| contestant +\|/m);
});

describe("the scripts", () => {
  test("the tables of hosts and platforms fit 80 columns", () => {
    const { head, rows } = tableOf("docs/hosts.md");
    const notes = ["a note that is longer than a line of a terminal ".repeat(3)];
    const hosts = hostsReport(head.slice(1), rows, notes, false);
    assertFits(hosts);
    assert.match(hosts, /^`openclaw taas` +yes +yes/m);
    const document = hostsReport(head.slice(1), rows, notes, true);
    assert.ok(document.includes(`| OpenClaw `) && document.includes(head[1]));
    const built = tableOf("docs/platforms.md");
    assertFits(terminalTable(built.head, built.rows));
  });

  test("the names of steps and files fit 80 columns", () => {
    for (const { what, command, needs, get } of STEPS) {
      assertFits(wrap(`=== ${what}: ${command}`));
      assertFits(wrap(`left out, for there is no \`${needs}\` here: ${get}`));
    }
    const manifest = readJson(join(ROOT, "package.json"));
    for (const { name } of platforms(manifest)) {
      assertFits(`${name}-10.10.10-beta.10.tgz`);
    }
  });
});

describe("a table for a terminal", () => {
  test("a table breaks cells between words and keeps every word", () => {
    const text = terminalTable(["name", "what"], [["one", "some words ".repeat(20).trim()]]);
    assertFits(text);
    assert.equal(text.match(/some/g).length, 20);
    assert.match(text, /^one {3}some words/m);
  });

  test("a table without room for its columns gives each row a paragraph", () => {
    const head = Array.from({ length: 12 }, (_, at) => `column-${at}`);
    const text = terminalTable(head, [head.map((name) => `value-of-${name}`), head.map(() => "")]);
    assertFits(text);
    assert.match(text, /^value-of-column-0\n {2}column-1: value-of-column-1\n/);
    assertFits(terminalTable(["a", "b"], [["x".repeat(300), "y".repeat(300)]]));
  });

  test("a word longer than a line is broken, but no character is split", () => {
    assert.equal(wrap("x".repeat(200)).replaceAll("\n", ""), "x".repeat(200));
    assertFits(wrap(`${"🙂".repeat(200)} end`));
    assert.equal(wrap("  indented\n\nas it was"), "  indented\n\nas it was");
  });
});

describe("openclaw taas", () => {
  const COMMANDS = ["status", "route", "routes", "algorithm", "doctor"];

  test("the help of each command fits 80 columns", async () => {
    for (const args of [[], ["--help"], ...COMMANDS.map((name) => [name, "--help"])]) {
      const { stdout } = await openclaw(["taas", ...args], {});
      assert.match(stdout, /Usage: openclaw taas/);
      assertFits(stdout);
    }
  });

  test("the answers fit a narrow terminal", async () => {
    const nothing = { ...status().totals, requests: 0 };
    const many = Array.from({ length: 30 }, (_, at) => check({ id: `check-${at}` }));
    for (const answer of [
      status({ checks: many, warnings: many }),
      status({ totals: nothing, agents: [], sessions: [] }),
    ]) {
      for (const args of [["status", "--sessions"], ["doctor"], ["algorithm"]]) {
        const given = { "taas.affinity.status": answer };
        const { stdout } = await openclaw(["taas", ...args], given, { terminal: { columns: 40 } });
        assertFits(stdout, 40);
      }
    }
  });
});
