// The tables and the list of facts of `openclaw taas status`.

import { ago, count, moneyOf, percent, percentiles } from "./numbers.js";
import { pairs, table } from "./table.js";
import { clean } from "./text.js";

const right = (title, cell) => ({ title, cell, align: "right" });
const AGENT = { title: "AGENT", cell: (row) => row.agentId, flexible: true };
const MODEL = { title: "MODEL", cell: (row) => row.model, flexible: true };
const CALLS = right("CALLS", (row) => count(row.requests));
const FAIL = right("FAIL", (row) => count(row.failures));
const RATES = [
  right("HIT", (row) => percent(row.hitRate)),
  right("NOW", (row) => percent(row.recentHitRate)),
];

const isPriced = ({ saved }) => Number.isFinite(saved?.usd);
const tokensSaved = ({ saved }) => `${count(saved?.tokens)} tok`;

/** Cost and savings in dollars if a price is known, else the saved tokens. A column has one format. */
function moneyColumns(rows) {
  if (!rows.some(isPriced)) {
    return [right("SAVED", tokensSaved)];
  }
  const money = moneyOf(rows.flatMap((row) => [row.costUsd, row.saved?.usd]));
  return [
    right("COST", (row) => money(row.costUsd)),
    right("SAVED", (row) => money(row.saved?.usd)),
  ];
}

/** The title completes the time. */
const lastUse = (now) => right("AGO", (row) => ago(row.lastUse, now).replace(/ ago$/, ""));

export const agentTable = (rows, now, style) =>
  table(rows, [AGENT, MODEL, CALLS, FAIL, ...RATES, ...moneyColumns(rows), lastUse(now)], style);

export function sessionTable(rows, now, style) {
  const session = { title: "SESSION", cell: (row) => row.sessionId };
  const saved = moneyColumns(rows).at(-1);
  return table(rows, [session, AGENT, MODEL, CALLS, ...RATES, saved, lastUse(now)], style);
}

/** One row for each model, the most used first, and one for failed calls without a route and calls of forgotten models. */
export function modelTable(models, totals, style) {
  const rows = models.toSorted((one, other) => other.requests - one.requests);
  const [requests, failures] = ["requests", "failures"].map((key) =>
    models.reduce((rest, row) => rest - row[key], totals[key]),
  );
  if (requests > 0) {
    rows.push({ model: "no model", requests, failures });
  }
  const columns = [
    MODEL,
    CALLS,
    right("SHARE", (row) => percent(row.requests / totals.requests)),
    ...RATES,
    ...moneyColumns(rows),
    right("SAVED %", (row) => percent(row.saved?.share)),
    FAIL,
  ];
  return table(rows, columns, style);
}

export const LATENCY_LEGEND =
  "p50/p95 of calls with cached tokens (CACHED) and without (OTHER), until the response headers (HEADERS) and until the end (END).";

/** The latency of each agent or model. */
export function latencyTable(rows, style) {
  const [name] = rows.some(({ agentId }) => agentId !== undefined) ? [AGENT] : [MODEL];
  const columns = [
    name,
    right("CACHED: HEADERS", ({ latencyMs }) => percentiles(latencyMs?.cached.headers)),
    right("END", ({ latencyMs }) => percentiles(latencyMs?.cached.end)),
    right("OTHER: HEADERS", ({ latencyMs }) => percentiles(latencyMs?.uncached.headers)),
    right("END", ({ latencyMs }) => percentiles(latencyMs?.uncached.end)),
  ];
  return table(rows, columns, style);
}

/** A failure without a failing status is a broken answer. */
const statusOf = (status) => (status >= 400 ? status : "no answer");

/** The last calls of a session. */
export function callTable(calls, now, style) {
  const columns = [
    right("WHEN", (call) => ago(call.at, now)),
    right("STATUS", ({ status, failed }) => (failed ? statusOf(status) : (status ?? "ok"))),
    MODEL,
    ...["INPUT", "CACHED", "WRITTEN", "OUTPUT"].map((title) =>
      right(title, (call) => count(call.tokens?.[title.toLowerCase()])),
    ),
  ];
  return table(calls, columns, style);
}

/** `$0.17 (input $0.09, output $0.08)`; nothing without known prices. */
export function costText(row) {
  if (!isPriced(row)) {
    return undefined;
  }
  const { costUsd, saved } = row;
  const input = saved.usdWithoutCache - saved.usd;
  const money = moneyOf([costUsd, input, costUsd - input]);
  return `${money(costUsd)} (input ${money(input)}, output ${money(costUsd - input)})`;
}

/** `$0.13 of $0.22 on input, 59 %`, or the saved tokens. */
export function savedText(row) {
  if (!isPriced(row)) {
    return `${count(row.saved?.tokens)} tokens; the prices are unknown`;
  }
  const { usd, usdWithoutCache, share } = row.saved;
  const money = moneyOf([usd, usdWithoutCache], { distinct: true });
  return `${money(usd)} of ${money(usdWithoutCache)} on input, ${percent(share)}`;
}

/** `2 (1 x 429, 1 x none)` */
function failures({ failures: number, failuresByStatus = {} }) {
  const kinds = Object.entries(failuresByStatus).map(([status, calls]) => `${calls} x ${status}`);
  return number > 0 ? `${count(number)} (${kinds.join(", ")})` : "0";
}

/** `429, 2 min ago, request req-81` */
function lastFailure({ status, at, requestId }, now) {
  const request = requestId ? `, request ${clean(requestId)}` : "";
  return `${statusOf(status)}, ${ago(at, now)}${request}`;
}

function latencyText(latencyMs, moment) {
  const [cached, uncached] = ["cached", "uncached"].map((key) => latencyMs?.[key]?.[moment]);
  return cached || uncached
    ? `${percentiles(cached)} with cached tokens, ${percentiles(uncached)} without (p50/p95)`
    : undefined;
}

const prompt = ({ input, cached, written } = {}) => input + cached + written;

/** `20 % in the first call, 95 % in later ones` */
export const stickiness = ({ firstCallHitRate: first, laterCallHitRate: later }) =>
  `${percent(first)} in the first call, ${percent(later)} in later ones`;

/** All figures of one agent or session. */
export function figures(row, now, style) {
  const facts = [
    ["session", row.sessionId],
    ["agent", row.agentId],
    ["derived from", row.source],
    ["model", row.model],
    ["algorithm", row.algorithm],
    ["calls", `${count(row.requests)}, the last ${ago(row.lastUse, now)}`],
    ["failed", failures(row)],
    ["last failure", row.lastFailure && lastFailure(row.lastFailure, now)],
    ["prompt", `${count(prompt(row.tokens))} tokens`],
    ["hit rate", `${percent(row.hitRate)}, ${percent(row.recentHitRate)} in the last 32 calls`],
    ["conversations", stickiness(row)],
    ["output", `${count(row.tokens?.output)} tokens`],
    ["cost", costText(row)],
    ["saved", savedText(row)],
    ["until headers", latencyText(row.latencyMs, "headers")],
    ["until the end", latencyText(row.latencyMs, "end")],
  ];
  return pairs(facts, style);
}
