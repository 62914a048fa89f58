// `openclaw taas status`: is it working, what did I get, what did I save?

import { warningLines } from "./checks.js";
import { ago, count, counted, percent, usd } from "./numbers.js";
import { pairs, table } from "./table.js";
import { clean, wrapped } from "./text.js";

const prompt = ({ input, cached, written } = {}) => input + cached + written;

/** In money where prices are known, else in tokens. */
export const saved = (row) =>
  typeof row.saved?.usd === "number" ? usd(row.saved.usd) : `${count(row.saved?.tokens)} tok`;

const right = (title, cell) => ({ title, cell, align: "right" });
const flexible = (title, cell) => ({ title, cell, flexible: true });

const agent = flexible("AGENT", (row) => row.agentId);
const model = flexible("MODEL", (row) => row.model);
const figures = (now) => [
  right("CALLS", (row) => count(row.requests)),
  right("FAILED", (row) => count(row.failures)),
  right("PROMPT", (row) => count(prompt(row.tokens))),
  right("HIT", (row) => percent(row.hitRate)),
  right("SAVED", saved),
  right("LAST", (row) => ago(row.lastUse, now)),
];

/** Of a session there is no room for everything: the ids come first. */
const sessionColumns = (now) => [
  { title: "SESSION", cell: (row) => row.sessionId },
  agent,
  model,
  ...figures(now).filter(({ title }) => !["FAILED", "PROMPT"].includes(title)),
];

const callColumns = (now) => [
  right("WHEN", (call) => ago(call.at, now)),
  right("STATUS", ({ status, failed }) =>
    failed && !(status >= 400) ? "cut off" : (status ?? "ok"),
  ),
  model,
  right("INPUT", (call) => count(call.tokens?.input)),
  right("CACHED", (call) => count(call.tokens?.cached)),
  right("WRITTEN", (call) => count(call.tokens?.written)),
  right("OUTPUT", (call) => count(call.tokens?.output)),
];

/** Against which baseline, and for how much of it, stands beside the figure. */
function savings({ totals, baseline }, width) {
  const { usd: money, usdWithoutCache, pricedRequests, tokens } = totals.saved;
  const priced =
    pricedRequests < totals.requests ? ` in ${counted(pricedRequests, "call")} with a price` : "";
  const text =
    typeof money === "number"
      ? `Saved ${usd(money)} of ${usd(usdWithoutCache)}${priced}`
      : `Saved ${count(tokens)} tokens; no price is known`;
  return wrapped(`${text} (baseline: ${clean(baseline)}).`, width);
}

const failures = (byStatus = {}) =>
  Object.entries(byStatus)
    .map(
      ([status, number]) => `${count(number)} x ${status === "none" ? "no status" : clean(status)}`,
    )
    .join(", ");

/** One session in full, with its last calls. */
function oneSession(row, now, style) {
  const facts = pairs(
    [
      ["session", row.sessionId],
      ["agent", row.agentId],
      ["pinned by", row.source],
      ["model", row.model],
      ["algorithm", row.algorithm],
      ["calls", count(row.requests)],
      [
        "failed",
        row.failures > 0 ? `${count(row.failures)} (${failures(row.failuresByStatus)})` : "0",
      ],
      ["prompt", `${count(prompt(row.tokens))} tokens, ${percent(row.hitRate)} cached`],
      ["output", `${count(row.tokens?.output)} tokens`],
      ["saved", saved(row)],
      ["last", ago(row.lastUse, now)],
    ],
    style,
  );
  return row.calls?.length > 0
    ? [...facts, "", ...table(row.calls, callColumns(now), style)]
    : facts;
}

/**
 * @param {object} answer of `taas.affinity.status`
 * @param {object} asked
 * @param {boolean} asked.sessions a row for each session too
 * @param {object} asked.params what was asked for
 * @param {ReturnType<typeof import("./text.js").styleFor>} style
 * @returns {string[]}
 */
export function statusLines(answer, { sessions, params }, style) {
  const { now, since, totals, pluginVersion, affinity } = answer;
  const version = pluginVersion ? ` ${clean(pluginVersion)}` : "";
  const head = `TaaS affinity${version}, a session for each ${clean(affinity)}`;
  const isPart = Object.keys(params).length > 0;
  const ofOne = isPart && params.agentId === undefined && answer.sessions.length === 1;
  const lines = [...wrapped(head, style.width).map((line) => style.paint("bold", line)), ""];
  if (totals.requests === 0) {
    const none = "No call has ended since the gateway started: let an agent say something.";
    lines.push(...wrapped(none, style.width));
  } else if (isPart && answer.sessions.length + answer.agents.length === 0) {
    lines.push("Nothing was seen of that.");
  } else if (ofOne) {
    lines.push(...oneSession(answer.sessions[0], now, style));
  } else {
    const rows = isPart ? answer.agents : [...answer.agents, { agentId: "all", ...totals }];
    lines.push(...table(rows, [agent, model, ...figures(now)], style));
    if (sessions || (isPart && params.agentId === undefined)) {
      lines.push("", ...table(answer.sessions, sessionColumns(now), style));
    }
    if (!isPart) {
      const seen = `${counted(totals.requests, "call")}, the first ${ago(since, now)}.`;
      lines.push("", seen, ...savings(answer, style.width));
    }
  }
  return [...lines, ...warningLines(answer.warnings, style)];
}

/** @type {import("./tree.js").View} */
export const view = {
  async run({ ask, options, params }) {
    const answer = await ask("taas.affinity.status", params);
    return {
      answer,
      lines: (style) => statusLines(answer, { sessions: options.sessions === true, params }, style),
    };
  },
};
