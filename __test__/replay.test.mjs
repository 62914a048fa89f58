// The replay of recorded sessions: what it counts, where the identity comes from, and what it says of a bad file. The
// documents have the figures of the run that is checked in.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import plugin from "../index.js";
import { draw } from "../replay/picture.mjs";
import { FIGURES } from "../replay/report.mjs";
import { callsOf, replay, schedule, WAYS } from "../replay/run.mjs";
import { BadFile, commonBlocks, readSessions } from "../replay/sessions.mjs";
import { registerPlugin } from "../replay/wire.mjs";
import { ROOT } from "./support/plugin.mjs";

const SAMPLE = join(ROOT, "replay", "sample.jsonl");
const way = (key) => WAYS.find((one) => one.key === key);

function run(...args) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, "replay", "replay.mjs"), ...args],
    { encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

const figures = (...args) => {
  const { status, stdout, stderr } = run(...args, "--json");
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
};

function temporary(t, name, content) {
  const directory = mkdtempSync(join(tmpdir(), "taas-affinity-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

const rowOf = ({ rows }, key, slots, keepSeconds) =>
  rows.find((row) => row.way === key && row.slots === slots && row.keepSeconds === keepSeconds);

test("in the replayed sample the identity keeps conversations on the slot with the warm cache", () => {
  const result = figures();
  assert.deepEqual([result.source.sessions, result.seeds, result.plugin], [12, 5, true]);
  assert.equal(result.rows.length, 4 * 2 * WAYS.length);
  for (const keepSeconds of [300, 3600]) {
    for (const slots of [2, 4, 8, 16]) {
      const [drawn, own] = ["drawn", "conversation"].map((key) =>
        rowOf(result, key, slots, keepSeconds),
      );
      assert.ok(own.hitRate.min > drawn.hitRate.max, `${slots} slots, ${keepSeconds} s`);
      assert.ok(own.cost.max < drawn.cost.min);
      const one = rowOf(result, "workspace-1", slots, keepSeconds);
      assert.equal(one.load.median, slots, "one workspace is one slot's");
    }
  }
});

test("a gzipped file gives the same figures", (t) => {
  const packed = temporary(t, "sample.jsonl", gzipSync(readFileSync(SAMPLE)));
  assert.deepEqual(figures(packed, "--seeds", "1"), figures(SAMPLE, "--seeds", "1"));
});

test("without the plugin a request with an identity gets a random slot like all others", () => {
  const result = figures("--without-plugin");
  assert.equal(result.plugin, false);
  const identified = WAYS.filter(({ agents }) => agents !== undefined).map(({ key }) => key);
  assert.equal(identified.length, 4);
  for (const row of result.rows.filter((one) => identified.includes(one.way))) {
    const drawn = rowOf(result, "drawn", row.slots, row.keepSeconds);
    assert.deepEqual({ ...row, way: "drawn" }, drawn);
  }
});

test("the replay takes the identity only from the plugin's part of each request", async () => {
  const { sessions } = readSessions(SAMPLE);
  const events = schedule(sessions, "test");
  const warnings = [];
  const provider = registerPlugin(plugin, ROOT, (line) => warnings.push(line));
  assert.deepEqual(warnings, []);

  const calls = await callsOf(events, way("workspace-4"), provider);
  const id = (agent) =>
    `oc:${createHash("sha256")
      .update(join("/replay", `workspace-agent-${agent}`))
      .digest("hex")
      .slice(0, 16)}`;
  assert.deepEqual(
    [...new Set(calls.map((call) => `${call.sessionId} ${call.agentId}`))].sort(),
    [1, 2, 3, 4].map((agent) => `${id(agent)} agent-${agent}`).sort(),
  );
  const own = await callsOf(events, way("conversation"), provider);
  const ofSession = new Map(own.map((call) => [call.sessionId, call.prompt.session]));
  assert.equal(ofSession.size, sessions.length);
  assert.ok(own.every((call) => ofSession.get(call.sessionId) === call.prompt.session));

  // A plugin that says the same thing of everybody, in headers alone, is believed.
  const headers = { "X-Session-Id": "oc:0", "X-OpenClaw-Agent-Id": "all" };
  const flat = (given) => ({
    wrapStreamFn: (context) => (model, rest, options) =>
      context.streamFn(model, rest, { ...options, headers: given }),
  });
  const one = await callsOf(events, way("conversation"), flat(headers));
  assert.deepEqual([...new Set(one.map((call) => call.sessionId))], ["oc:0"]);
  const half = await callsOf(events, way("conversation"), flat({ "X-Session-Id": "oc:0" }));
  const run = { slots: 4, keep: 300, anonymous: "random", seed: "test", block: 64 };
  assert.deepEqual(replay(half, run), replay(await callsOf(events, way("drawn")), run));
});

test("the common prefix of two prompts is the same if every block is written out", () => {
  const { sessions } = readSessions(SAMPLE);
  const blocks = new Map();
  const all = sessions.flatMap(({ requests }) => requests);
  for (const request of all) {
    const kept = request.parent === null ? [] : blocks.get(request.parent).slice(0, request.keep);
    const fresh = Array.from({ length: request.length }, (_, at) =>
      at < request.session.shared ? `shared ${at}` : `${request.session.id} ${request.index} ${at}`,
    );
    blocks.set(request, [...kept, ...fresh.slice(kept.length)]);
  }
  for (const one of all) {
    for (const other of all) {
      const [a, b] = [blocks.get(one), blocks.get(other)];
      const common = a.findIndex((block, at) => block !== b[at]);
      const where = `${one.session.id}/${one.index} ${other.session.id}/${other.index}`;
      assert.equal(commonBlocks(one, other), common === -1 ? a.length : common, where);
    }
  }
});

test("a cache forgets entries that were not used for its lifetime", async (t) => {
  const session = {
    id: "a",
    block: 100,
    shared: 0,
    requests: [
      [0, 1000, 1, -1, 0, 10],
      [200, 1000, 1, 0, 10, 10],
      [600, 2000, 1, 1, 10, 20],
    ],
  };
  const { sessions, block } = readSessions(temporary(t, "a.jsonl", JSON.stringify(session)));
  const calls = await callsOf(schedule(sessions, "test"), way("drawn"));
  const options = { slots: 1, anonymous: "random", seed: "test", block };
  const fiveMinutes = replay(calls, { ...options, keep: 300 });
  assert.deepEqual(fiveMinutes, { hitRate: 0.25, cost: 0.775, firstHitRate: 0, load: 1 });
  assert.equal(replay(calls, { ...options, keep: 3600 }).hitRate, 0.5);
  assert.equal(replay(calls, { ...options, keep: 3600, blocksPerSlot: 5 }).hitRate, 0.25);
});

const GOOD = { id: "a", block: 64, shared: 2, requests: [[0, 640, 5, -1, 0, 10]] };
const second = (row) => ({ ...GOOD, requests: [...GOOD.requests, row] });

for (const [what, lines, message] of [
  ["bad JSON", [GOOD, "{"], /, line 2: expected one session as JSON/],
  ["a number as a session", [7], /, line 1: expected an id, a string/],
  ["a repeated id", [GOOD, GOOD], /, line 2: expected an id of its own, not that of line 1/],
  [
    "two block sizes",
    [GOOD, { ...GOOD, id: "b", block: 32 }],
    /line 2: expected block 64.*found 32/,
  ],
  [
    "a negative shared count",
    [{ ...GOOD, shared: -1 }],
    /line 1: expected shared as a whole number.*found -1/,
  ],
  ["no requests", [{ ...GOOD, requests: [] }], /line 1: expected a list of requests, found \[\]/],
  [
    "a short row",
    [second([1, 2])],
    /request 1: expected \[t, input, output, parent, keep, blocks\]/,
  ],
  [
    "a later parent",
    [second([1, 640, 5, 1, 0, 10])],
    /request 1: expected parent .* below 1, found 1/,
  ],
  ["too large a keep", [second([1, 768, 5, 0, 11, 12])], /request 1: expected keep of at most 10/],
  ["a keep without a parent", [second([1, 768, 5, -1, 3, 12])], /expected keep of at most 0/],
  [
    "a time that goes back",
    [second([-1, 640, 5, 0, 10, 10])],
    /expected t as a number from 0 on, found -1/,
  ],
  ["more blocks than tokens", [second([1, 639, 5, 0, 10, 10])], /expected input .* found 639/],
  [
    "a text instead of a number",
    [second([1, 640, "5", 0, 10, 10])],
    /expected output .* found "5"/,
  ],
  ["no session", [""], /has no session/],
]) {
  test(`a file with ${what} is refused with the line and the expected form`, (t) => {
    const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)));
    const path = temporary(t, "bad.jsonl", text.join("\n"));
    assert.throws(
      () => readSessions(path),
      (error) => error instanceof BadFile && message.test(error.message),
    );
  });
}

test("an unreadable file or a wrong option gets a message of one or two lines", (t) => {
  const cut = temporary(t, "cut.gz", gzipSync(readFileSync(SAMPLE)).subarray(0, 200));
  for (const [args, message] of [
    [["/nowhere/traces.jsonl"], /^\/nowhere\/traces\.jsonl cannot be read: ENOENT/],
    [[cut], /is gzipped, and cannot be unpacked:\s+unexpected\s+end of file/],
    [["--seeds", "4"], /--seeds must be an odd number, got 4\nusage: /],
    [["--blocks", "many"], /--blocks must be a whole number of at least 1, got many\nusage: /],
    [["--sneeds", "3"], /'--sneeds'.*\n?.*usage: /s],
  ]) {
    const { status, stdout, stderr } = run(...args);
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /^ {4}at /m);
  }
});

test("the documents and the pictures show the figures of the committed run", async () => {
  const result = JSON.parse(readFileSync(join(ROOT, "docs", "replay.json"), "utf8"));
  for (const [name, figures] of Object.entries(FIGURES)) {
    const document = readFileSync(join(ROOT, name), "utf8");
    assert.ok(document.includes(figures(result)), `${name}: npm run replay:picture writes it`);
  }
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  for (const theme of ["dark", "light"]) {
    const name = `docs/replay-${theme}.svg`;
    assert.ok(readme.includes(name));
    const drawn = await draw(result, theme);
    assert.ok(drawn === readFileSync(join(ROOT, name), "utf8"), `${name}: npm run replay:picture`);
  }
});
