// Turns what was measured into the tables of BENCHMARKS.md.

import { median } from "./stats.mjs";

const number = (value) => {
  if (value === undefined) return "–";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
};
const range = ({ median, q1, q3 }) => `${number(median)} (${number(q1)}–${number(q3)})`;
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

function table(title, note, head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [
    `### ${title}`,
    "",
    note,
    "",
    line(head),
    line(head.map((_, index) => (index === 0 ? "---" : "---:"))),
    ...rows.map(line),
    "",
  ];
}

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
  "plugin / it, p50",
  "plugin / it, p99",
];
const CALL_NOTE =
  "Event-loop time of one model call, medians over blocks with first and third quartile. The mean " +
  "contains what the loop does between calls, such as collecting garbage. A ratio under 1 is one " +
  "that the plugin wins.";

const SECTIONS = {
  conformance: ({ passed, failed }) => [
    `The ideal rival passes ${passed} of the plugin's own ${passed + failed} tests of wire and route.`,
    "",
  ],
  calls: (measured) =>
    table("One model call, no repository", CALL_NOTE, CALL_HEAD, callRows(measured)),
  repositories: (measured) => [
    ...table("One model call in a repository", CALL_NOTE, CALL_HEAD, callRows(measured)),
    ...growth(measured),
  ],
  hints: (rows) =>
    table(
      "Waiting for a repository's hints",
      "Milliseconds: how long a request waits that is made right behind its wrapper, how long the event " +
        "loop is busy with the whole call, and how many requests got a verdict. Medians with quartiles. " +
        "The ideal rival knows no hints, so that it shows what the call costs without them. A verdict that came too late goes with the next request, which then does not wait.",
      ["files", "tree", "request", "contestant", "waits", "event loop", "with a verdict"],
      rows.map(({ files, dirty, which, contestant, waited, blocked, verdicts }) => [
        files,
        dirty ? "dirty" : "clean",
        which,
        contestant,
        range(waited),
        range(blocked),
        `${Math.round(verdicts * 100)} %`,
      ]),
    ),
  parts: (measured) =>
    table(
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
    table(
      "Import and register()",
      "Milliseconds and kilobytes, medians over fresh processes with quartiles.",
      ["", ...Object.keys(found)],
      [
        ["import and first register(), ms", "first"],
        ["of which import", "firstImport"],
        ["of which register()", "firstRegister"],
        ["hundredth import and register(), ms", "hundredth"],
        ["a later register(), ms", "later"],
        ["after another thousand, ms", "againLater"],
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
    table(
      "Resident memory over ever new sessions, agents and workspaces",
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
    return table(
      "Worker threads: captures with a look-up each, per second",
      "One table for all threads, which plain JavaScript cannot have.",
      ["one thread", "eight threads", "eight / one"],
      [[Math.round(one), Math.round(eight), number(ratio)].map(String)],
    );
  },
  trace: (found) =>
    found.traced
      ? table(
          "System calls of the event-loop thread in steady state",
          `${found.calls} calls in a repository of 100 files. About files or processes: ${found.offences}.`,
          ["system call", "times"],
          Object.entries(found.counts).map(([name, count]) => [name, String(count)]),
        )
      : [`No trace: ${found.why}.`, ""],
  gateway: ({ turns, warmUp, without, nothing, plugin, overWithout, overNothing }) =>
    table(
      "A turn on the real gateway",
      `Milliseconds, ${turns} turns each, one after the other, after ${warmUp} for warm-up; medians with quartiles.`,
      ["no plugin", "a plugin that does nothing", "ours", "ours – none", "ours – nothing"],
      [[without, nothing, plugin, overWithout, overNothing].map(range)],
    ),
  sizes: ({ name, binary, installed }) =>
    table(
      "Sizes",
      "What `npm install` brings is the package and the package of the platform, which is the binary.",
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
  return table(
    `From ${plain[0].name} to ${plain.at(-1).name}`,
    "How many times the event-loop time grows.",
    ["contestant", "p50", "p99"],
    names.map((name) => [
      name,
      number(last[name].p50.median / first[name].p50.median),
      number(last[name].p99.median / first[name].p99.median),
    ]),
  );
}

/** What it must reach, in the order of BENCHMARKS.md: what was measured, and whether that is enough. */
function goals({ calls, repositories, hints, trace, start, memory, sizes }) {
  const rows = [];
  const row = (goal, measured, reached) =>
    rows.push([goal, measured, reached ? "reached" : "missed"]);
  const atMost = (goal, ratio, limit) => row(goal, range(ratio), ratio.median <= limit);
  if (calls) {
    const [common] = calls;
    const large = calls.find(({ name }) => name === "20 MB");
    for (const key of ["p50", "p99"]) {
      atMost(
        `a call, no repository: at most 1.5 times ideal's ${key}`,
        common.ratios.ideal[key],
        1.5,
      );
    }
    for (const key of ["p50", "p99"]) {
      atMost(`a payload of 20 MB: at most 1.5 times ideal's ${key}`, large.ratios.ideal[key], 1.5);
    }
  }
  if (repositories) {
    const immediate = repositories.filter(({ summary }) => summary.usual);
    const [small, large] = [immediate[0], immediate.at(-1)];
    const times = small.summary.usual.p50.median / small.summary.plugin.p50.median;
    row(
      `${small.name}: at least 400 times less than usual`,
      `${number(times)} times`,
      times >= 400,
    );
    const grown = large.summary.plugin.p50.median / small.summary.plugin.p50.median;
    row(
      `${large.name} against ${small.name}: at most 1.1 times`,
      `${number(grown)} times`,
      grown <= 1.1,
    );
  }
  if (hints) {
    const later = hints.filter(
      ({ contestant, which }) => contestant === "plugin" && which === "later",
    );
    const base = (row) =>
      hints.find(
        ({ contestant, which, files, dirty }) =>
          contestant === "ideal" &&
          which === row.which &&
          files === row.files &&
          dirty === row.dirty,
      );
    const more = later.map((row) => row.blocked.median - base(row).blocked.median);
    row(
      "hints keep the event loop busy for at most 0.1 ms of a later request, at every size",
      `${number(Math.max(...more))} ms more than ideal's`,
      Math.max(...more) <= 0.1,
    );
    const clean = later.find(({ files, dirty }) => files === "10000" && !dirty);
    if (clean) {
      row(
        "a clean tree of 10,000 files: a later request waits at most 10 ms",
        `${range(clean.waited)} ms, ${Math.round(clean.verdicts * 100)} % with a verdict`,
        // A request that does not wait, as it would be in vain, has nothing in time.
        clean.waited.q3 <= 10 && clean.verdicts > 0.99,
      );
    }
    const dirty = later.filter((row) => row.dirty);
    const slowest = Math.max(...dirty.map(({ waited }) => waited.median));
    row(
      "a dirty tree of any size: a later request waits at most 0.2 ms",
      `${number(slowest)} ms`,
      slowest <= 0.2,
    );
  }
  if (trace?.traced) {
    row("calls about files or processes in steady state: none", trace.offences, !trace.offences);
  }
  if (start) {
    const { first, later, residentAgain } = start.plugin;
    row("import and first `register()`: at most 5 ms", `${range(first)} ms`, first.median <= 5);
    row("a later `register()`: at most 0.1 ms", `${range(later)} ms`, later.median <= 0.1);
    const nothing = start.nothing.residentAgain.median;
    row(
      "no growth over 1,000 of them",
      `${number(residentAgain.median / 1024)} KB (nothing: ${number(nothing / 1024)} KB)`,
      residentAgain.median <= nothing,
    );
  }
  if (memory) {
    const { calls: count, growth } = memory.find(({ contestant }) => contestant === "plugin");
    const goal = `memory over ${count.toLocaleString("en")} calls: at most 2 MB more`;
    row(goal, megabytes(growth), growth <= 2e6);
  }
  if (sizes) {
    row("the binary: at most 2 MB", megabytes(sizes.binary), sizes.binary <= 2e6);
  }
  return rows.length === 0
    ? []
    : table("Goals", "Ratios with quartiles.", ["goal", "measured", ""], rows);
}

/** The tables as Markdown. */
export function report({ about, ...sections }) {
  const lines = [
    `${about.date}; plugin ${about.plugin}; Node ${about.node}; ${about.rustc}; ${about.git};`,
    `${about.cpu}, ${about.memory}, ${about.system}.${about.quick ? " Quick mode." : ""}`,
    "",
  ];
  lines.push(...goals(sections));
  for (const [name, found] of Object.entries(sections)) lines.push(...SECTIONS[name](found));
  return `${lines.join("\n")}\n`;
}
