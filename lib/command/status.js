// `openclaw taas status`: calls, cache savings and warnings.

import { warningLines } from "./checks.js";
import { ago, count, counted, percent, usd } from "./numbers.js";
import { selectionOf } from "./selectors.js";
import { pairs, table } from "./table.js";
import { clean, wrapped } from "./text.js";

const prompt = ({ input, cached, written } = {}) => input + cached + written;

/** The savings in dollars if prices are known, else in tokens. */
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

/** Leaves out two figures, so that the session id fits. */
const sessionColumns = (now) => [
  { title: "SESSION", cell: (row) => row.sessionId },
  agent,
  model,
  ...figures(now).filter(({ title }) => !["FAILED", "PROMPT"].includes(title)),
];

const callColumns = (now) => [
  right("WHEN", (call) => ago(call.at, now)),
  right("STATUS", ({ status, failed }) =>
    failed && !(status >= 400) ? "no answer" : (status ?? "ok"),
  ),
  model,
  right("INPUT", (call) => count(call.tokens?.input)),
  right("CACHED", (call) => count(call.tokens?.cached)),
  right("WRITTEN", (call) => count(call.tokens?.written)),
  right("OUTPUT", (call) => count(call.tokens?.output)),
];

/** The sum saved, the baseline, and the number of priced calls if some calls have no price. */
function savings({ totals, baseline }, width) {
  const { usd: money, usdWithoutCache, pricedRequests, tokens } = totals.saved;
  const priced =
    pricedRequests < totals.requests
      ? ` in ${counted(pricedRequests, "call")} with a known price`
      : "";
  const text =
    typeof money === "number"
      ? `Saved ${usd(money)} of ${usd(usdWithoutCache)}${priced}`
      : `Saved ${count(tokens)} tokens; the prices are unknown`;
  return wrapped(`${text} (baseline: ${clean(baseline)}).`, width);
}

const failures = (byStatus = {}) =>
  Object.entries(byStatus)
    .map(
      ([status, number]) => `${count(number)} x ${status === "none" ? "no status" : clean(status)}`,
    )
    .join(", ");

/** All figures of one session, with its last calls. */
function oneSession(row, now, style) {
  const facts = pairs(
    [
      ["session", row.sessionId],
      ["agent", row.agentId],
      ["derived from", row.source],
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
      ["last call", ago(row.lastUse, now)],
    ],
    style,
  );
  return row.calls?.length > 0
    ? [...facts, "", ...table(row.calls, callColumns(now), style)]
    : facts;
}

/**
 * @param {object} answer the answer of `taas.affinity.status`
 * @param {object} request
 * @param {boolean} request.sessions whether to add a row for each session
 * @param {object} request.params the selectors, as params of the method
 * @param {ReturnType<typeof import("./text.js").styleFor>} style
 * @returns {string[]}
 */
function statusLines(answer, { sessions, params }, style) {
  const { now, since, totals, pluginVersion, affinity } = answer;
  const version = pluginVersion ? ` ${clean(pluginVersion)}` : "";
  const head = `TaaS affinity${version}, one session for each ${clean(affinity)}`;
  const isPart = Object.keys(params).length > 0;
  const isOneSession = isPart && params.agentId === undefined && answer.sessions.length === 1;
  const lines = [...wrapped(head, style.width).map((line) => style.paint("bold", line)), ""];
  if (totals.requests === 0) {
    const empty =
      "No calls recorded since the gateway started. Send a message to an agent, then try again.";
    lines.push(...wrapped(empty, style.width));
  } else if (isPart && answer.sessions.length + answer.agents.length === 0) {
    lines.push(`No calls recorded ${selectionOf(params)}.`);
  } else if (isOneSession) {
    lines.push(...oneSession(answer.sessions[0], now, style));
  } else {
    const rows = isPart ? answer.agents : [...answer.agents, { agentId: "all", ...totals }];
    lines.push(...table(rows, [agent, model, ...figures(now)], style));
    if (sessions || (isPart && params.agentId === undefined)) {
      lines.push("", ...table(answer.sessions, sessionColumns(now), style));
    }
    if (!isPart) {
      const counts = `${counted(totals.requests, "call")}, the first ${ago(since, now)}.`;
      lines.push("", counts, ...savings(answer, style.width));
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
