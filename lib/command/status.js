// `openclaw taas status`: calls, cache savings and warnings.

import { checkLines } from "./checks.js";
import { ago, count, counted, percent, usd } from "./numbers.js";
import { selectionOf } from "./selectors.js";
import { pairs, table } from "./table.js";
import { clean } from "./text.js";

const EMPTY =
  "No calls recorded since the gateway started. Send a message to an agent, then try again.";

const prompt = ({ input, cached, written } = {}) => input + cached + written;

/** The savings in dollars if prices are known, else in tokens. */
export const saved = (row) =>
  Number.isFinite(row.saved?.usd) ? usd(row.saved.usd) : `${count(row.saved?.tokens)} tok`;

const right = (title, cell) => ({ title, cell, align: "right" });
const model = { title: "MODEL", cell: (row) => row.model, flexible: true };
const columns = (now) => [
  { title: "SESSION", cell: (row) => row.sessionId },
  { title: "AGENT", cell: (row) => row.agentId, flexible: true },
  model,
  right("CALLS", (row) => count(row.requests)),
  right("FAILED", (row) => count(row.failures)),
  right("PROMPT", (row) => count(prompt(row.tokens))),
  right("HIT", (row) => percent(row.hitRate)),
  right("SAVED", saved),
  right("LAST", (row) => ago(row.lastUse, now)),
];

const statusOf = ({ status, failed }) =>
  failed && !(status >= 400) ? "no answer" : (status ?? "ok");
const callColumns = (now) => [
  right("WHEN", (call) => ago(call.at, now)),
  right("STATUS", statusOf),
  model,
  ...["INPUT", "CACHED", "WRITTEN", "OUTPUT"].map((title) =>
    right(title, (call) => count(call.tokens?.[title.toLowerCase()])),
  ),
];

/** The sum saved, the baseline, and the number of priced calls if some calls have no price. */
function savings({ totals, baseline }) {
  const { usd: money, usdWithoutCache, pricedRequests, tokens } = totals.saved;
  const some = ` in ${counted(pricedRequests, "call")} with a known price`;
  const text = Number.isFinite(money)
    ? `${usd(money)} of ${usd(usdWithoutCache)}${pricedRequests < totals.requests ? some : ""}`
    : `${count(tokens)} tokens; the prices are unknown`;
  return `Saved ${text} (baseline: ${clean(baseline)}).`;
}

/** `2 (1 x 429, 1 x none)` */
function failures({ failures: number, failuresByStatus = {} }) {
  const kinds = Object.entries(failuresByStatus).map(([status, calls]) => `${calls} x ${status}`);
  return number > 0 ? `${count(number)} (${kinds.join(", ")})` : "0";
}

/** All figures of one session, with its last calls. */
function oneSession(row, now, style) {
  const { calls = [] } = row;
  const facts = [
    ["session", row.sessionId],
    ["agent", row.agentId],
    ["derived from", row.source],
    ["model", row.model],
    ["algorithm", row.algorithm],
    ["calls", count(row.requests)],
    ["failed", failures(row)],
    ["prompt", `${count(prompt(row.tokens))} tokens, ${percent(row.hitRate)} cached`],
    ["output", `${count(row.tokens?.output)} tokens`],
    ["saved", saved(row)],
    ["last call", ago(row.lastUse, now)],
  ];
  const last = calls.length > 0 ? ["", ...table(calls, callColumns(now), style)] : [];
  return [...pairs(facts, style), ...last];
}

/** The figures that `answer` has about the selected agents and sessions. */
function figureLines(answer, { options, params }, style) {
  const { now, since, totals, agents, sessions } = answer;
  const isPart = Object.keys(params).length > 0;
  const isSession = isPart && params.agentId === undefined;
  if (totals.requests === 0) {
    return [EMPTY];
  }
  if (isPart && sessions.length + agents.length === 0) {
    return [`No calls recorded ${selectionOf(params)}.`];
  }
  if (isSession && sessions.length === 1) {
    return oneSession(sessions[0], now, style);
  }
  const rows = isPart ? agents : [...agents, { agentId: "all", ...totals }];
  const lines = table(rows, columns(now).slice(1), style);
  if (isSession || options.sessions) {
    // The session id needs the room of two figures.
    const short = columns(now).filter(({ title }) => !["FAILED", "PROMPT"].includes(title));
    lines.push("", ...table(sessions, short, style));
  }
  if (!isPart) {
    const calls = `${counted(totals.requests, "call")}, the first ${ago(since, now)}.`;
    lines.push("", calls, savings(answer));
  }
  return lines;
}

/** @type {import("./tree.js").Command} */
export async function status(request) {
  const answer = await request.ask("taas.affinity.status", request.params);
  const { pluginVersion, affinity, warnings = [] } = answer;
  const version = pluginVersion ? ` ${clean(pluginVersion)}` : "";
  const head = `TaaS affinity${version}, one session for each ${clean(affinity)}`;
  return {
    answer,
    lines: (style) => [
      style.paint("bold", head),
      "",
      ...figureLines(answer, request, style),
      ...(warnings.length > 0 ? [""] : []),
      ...warnings.flatMap((check) => checkLines(check, style)),
    ],
  };
}
