// Turns what was measured into tables: for a terminal, or as BENCHMARKS.md has them.

import { hints } from "../demo/report.mjs";
import { table } from "../scripts/table.mjs";
import { terminalTable, wrap } from "../scripts/terminal.mjs";
import { percent } from "../sim/figures.mjs";
import { share } from "../sim/hints.mjs";
import { median } from "./stats.mjs";

const number = (value) => {
  if (value === undefined) return "–";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
};
const range = ({ median, q1, q3 }) => `${number(median)} (${number(q1)}–${number(q3)})`;
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

const section = (title, note, head, rows) => [`### ${title}`, "", note, "", { head, rows }, ""];

function callRows(measured) {
  return measured.flatMap(({ name, summary, ratios }) =>
    Object.entries(summary).map(([contestant, { p50, p99, mean }]) => [
      contestant === "plugin" ? name : "",
      contestant,
      range(p50),
      range(p99),
      number(mean.median),
      ...(contestant === "plugin" || ratios[contestant] === undefined
        ? ["", ""]
        : [range(ratios[contestant].p50), range(ratios[contestant].p99)]),
    ]),
  );
}

const CALL_HEAD = [
  "case",
  "contestant",
  "p50 µs",
  "p99 µs",
  "mean µs",
  "plugin / contestant, p50",
  "plugin / contestant, p99",
];
const CALL_NOTE =
  "Time of one model call on the event loop: medians over blocks, with first and third quartile. The mean " +
  "includes work between calls, such as collecting garbage. The plugin wins where a ratio is under 1.";

const SECTIONS = {
  conformance: ({ passed, failed }) => [
    `The ideal rival passes ${passed} of the plugin's own ${passed + failed} tests of wire and route.`,
    "",
  ],
  calls: (measured) =>
    section("One model call, no repository", CALL_NOTE, CALL_HEAD, callRows(measured)),
  repositories: (measured) => [
    ...section("One model call in a repository", CALL_NOTE, CALL_HEAD, callRows(measured)),
    ...growth(measured),
  ],
  git: ({ probes, bytes, asking, slowest, young, answered, processor }) =>
    section(
      "Asking git, in a repository of 100 files",
      `${probes} answers, in a process of more than ${megabytes(bytes)}. Medians with quartiles.`,
      ["what", "time"],
      [
        ["starting a probe, on the event loop, µs", range(asking)],
        ["the slowest start, µs", number(slowest)],
        ["taking an answer of the last two seconds, µs", range(young)],
        ["until the answer is there, outside the event loop, ms", range(answered)],
        ["processor time of all git processes of a probe, ms", number(processor)],
      ],
    ),
  parts: (measured) =>
    section(
      "Parts by themselves",
      "Microseconds each, medians over runs of 1,000 with quartiles.",
      ["part", "table", "plugin", "ideal", "plugin / ideal"],
      measured.map(({ what, state, plugin, ideal, ratio }) => [
        what,
        state,
        range(plugin),
        range(ideal),
        range(ratio),
      ]),
    ),
  start: (found) =>
    section(
      "Import and register()",
      "Milliseconds and kilobytes, medians over fresh processes with quartiles.",
      ["", ...Object.keys(found)],
      [
        ["import and first register(), ms", "first"],
        ["of which import", "firstImport"],
        ["of which register()", "firstRegister"],
        ["hundredth import and register(), ms", "hundredth"],
        ["a later register(), ms", "later"],
        ["after 1,000 more, ms", "againLater"],
      ]
        .map(([title, key]) => [title, ...Object.values(found).map((one) => range(one[key]))])
        .concat(
          [
            ["resident after the first, KB", "residentFirst"],
            ["after 100 copies, KB", "residentCopies"],
            ["1,000 further register(), KB", "residentLater"],
            ["and 1,000 more, KB", "residentAgain"],
          ].map(([title, key]) => [
            title,
            ...Object.values(found).map((one) => number(one[key].median / 1024)),
          ]),
        ),
    ),
  memory: (found) =>
    section(
      "Resident memory while sessions, agents and workspaces are always new",
      `${found[0].calls.toLocaleString("en")} calls, of which the first tenth is warm-up, with V8's young generation held at 1 MB.`,
      ["contestant", "after warm-up", "at the end", "growth", "highest growth seen"],
      found.map(({ contestant, warmUp, end, growth, highest }) => [
        contestant,
        ...[warmUp, end, growth, highest].map(megabytes),
      ]),
    ),
  threads: (rounds) => {
    const [one, eight] = ["one", "eight"].map((key) => median(rounds.map((round) => round[key])));
    const ratio = median(rounds.map((round) => round.eight / round.one));
    return section(
      "Worker threads: captures with a look-up each, per second",
      "All threads share one table. Plain JavaScript cannot do this.",
      ["one thread", "eight threads", "eight / one"],
      [[Math.round(one), Math.round(eight), number(ratio)]],
    );
  },
  trace: (found) =>
    found.traced
      ? section(
          "System calls of the event-loop thread in steady state",
          `${found.calls} calls in a repository of 100 files. About files or processes: ${found.offences}.`,
          ["system call", "times"],
          Object.entries(found.counts),
        )
      : [`No trace: ${found.why}.`, ""],
  gateway: ({ turns, own }) =>
    section(
      "The plugin's own time on the real gateway",
      `Milliseconds of the event loop for each model call, all hooks together, over ${turns} turns.`,
      ["median", "99th of 100"],
      [[number(own.median), number(own.p99)]],
    ),
  demo: (told) => ["### Repository hints in the demo's requests", "", ...hints(told), ""],
  sizes: ({ name, binary, installed }) =>
    section(
      "Sizes",
      "`npm install` brings this package and the package of the platform, which holds the binary.",
      ["what", "size"],
      [
        [name, megabytes(binary)],
        ["installed, without the binary", `${(installed.bytes / 1e3).toFixed(0)} KB`],
        ["installed, in all", megabytes(installed.bytes + binary)],
      ],
    ),
};

function growth(measured) {
  const plain = measured.filter(({ summary }) => summary.usual);
  const [first, last] = [plain[0].summary, plain.at(-1).summary];
  const names = Object.keys(first);
  return section(
    `From ${plain[0].name} to ${plain.at(-1).name}`,
    "The factor by which the time on the event loop grows.",
    ["contestant", "p50", "p99"],
    names.map((name) => [
      name,
      number(last[name].p50.median / first[name].p50.median),
      number(last[name].p99.median / first[name].p99.median),
    ]),
  );
}

/** What it must reach, in the order of BENCHMARKS.md: what was measured, and whether that is enough. */
function goals({ calls, repositories, git, demo, trace, start, memory, sizes }) {
  const rows = [];
  const row = (goal, measured, reached) =>
    rows.push([goal, measured, reached ? "reached" : "missed"]);
  const atMost = (goal, ratio, limit) => row(goal, range(ratio), ratio.median <= limit);
  if (calls) {
    const of = (name) => calls.find((one) => one.name.startsWith(name));
    const [common] = calls;
    atMost("a call, no repository: at most 1.7 times ideal's p50", common.ratios.ideal.p50, 1.7);
    atMost("a payload of 20 MB: at most 1.5 times ideal's p50", of("20 MB").ratios.ideal.p50, 1.5);
    atMost(
      "a new identity for every call: at most 4 times ideal's p50",
      of("a new identity").ratios.ideal.p50,
      4,
    );
    atMost("a simple completion: at most 2 times ideal's p50", of("a simple").ratios.ideal.p50, 2);
  }
  if (repositories && calls) {
    const [small] = repositories;
    const more = small.summary.plugin.p50.median / calls[0].summary.plugin.p50.median;
    row(`${small.name} against no repository: at most 2 times`, `${number(more)} times`, more <= 2);
  }
  if (repositories) {
    const [small, large] = [repositories[0], repositories.at(-1)];
    const times = small.summary.usual.p50.median / small.summary.plugin.p50.median;
    row(
      `${small.name}: at least 300 times less than usual`,
      `${number(times)} times`,
      times >= 300,
    );
    const grown = large.summary.plugin.p50.median / small.summary.plugin.p50.median;
    row(
      `${large.name} against ${small.name}: at most 1.1 times`,
      `${number(grown)} times`,
      grown <= 1.1,
    );
  }
  if (git) {
    const { asking, processor } = git;
    row(
      "starting a probe in a process of 1.6 GB: at most 0.1 ms of the event loop",
      `${range(asking)} µs`,
      asking.median <= 100,
    );
    row(
      "all git processes of a probe, 100 files: at most 40 ms of processor time",
      `${number(processor)} ms`,
      processor <= 40,
    );
  }
  if (demo) {
    const hinted = share(demo.all);
    row(
      "requests of the demo with all three hints: at least 95 %",
      percent(hinted),
      hinted >= 0.95,
    );
  }
  if (trace?.traced) {
    row(
      "system calls about files or processes in steady state: none",
      trace.offences,
      !trace.offences,
    );
  }
  if (start) {
    const { first, later, residentAgain } = start.plugin;
    row("import and first `register()`: at most 5 ms", `${range(first)} ms`, first.median <= 5);
    row("a later `register()`: at most 0.1 ms", `${range(later)} ms`, later.median <= 0.1);
    const nothing = start.nothing.residentAgain.median;
    row(
      "1,000 more `register()`: no growth of memory",
      `${number(residentAgain.median / 1024)} KB (nothing: ${number(nothing / 1024)} KB)`,
      residentAgain.median <= nothing,
    );
  }
  if (memory) {
    const { calls: count, growth } = memory.find(({ contestant }) => contestant === "plugin");
    const goal = `${count.toLocaleString("en")} calls: at most 2 MB more memory`;
    row(goal, megabytes(growth), growth <= 2e6);
  }
  if (sizes) {
    row("the binary: at most 2 MB", megabytes(sizes.binary), sizes.binary <= 2e6);
  }
  return rows.length === 0
    ? []
    : section("Goals", "Ratios with quartiles.", ["goal", "measured", ""], rows);
}

/** The tables, in lines that fit a terminal or, with `markdown`, as BENCHMARKS.md has them. */
export function report({ about, ...sections }, { markdown = false } = {}) {
  const lines = [
    `${about.date}; plugin ${about.plugin}; Node ${about.node}; ${about.rustc}; ${about.git};`,
    `${about.cpu}, ${about.memory}, ${about.system}.${about.quick ? " Quick mode." : ""}`,
    "",
  ];
  lines.push(...goals(sections));
  for (const [name, found] of Object.entries(sections)) lines.push(...SECTIONS[name](found));
  const drawn = lines.map((part) => {
    if (typeof part === "string") return markdown ? part : wrap(part);
    return (markdown ? table : terminalTable)(part.head, part.rows, { numbers: true });
  });
  return `${drawn.join("\n")}\n`;
}
