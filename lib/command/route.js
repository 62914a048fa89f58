// `openclaw taas route` and `openclaw taas routes`: which model answered.

import { ROUTES } from "./accepted.js";
import { usageError } from "./errors.js";
import { ago, count } from "./numbers.js";
import { refuseUnknownAgent, selectionOf } from "./selectors.js";
import { pairs, table } from "./table.js";
import { clean, cut } from "./text.js";

/** All fields of the latest route. */
function routeLines({ agentId, capture }, params, now, style) {
  if (!capture) {
    return [`No route recorded ${selectionOf(params)}.`];
  }
  const { autorouterAlgo, autorouterAlgoSource, openclawTurnId: turn } = capture;
  const window = capture.routedContextWindow;
  const by = autorouterAlgoSource ? ` (${clean(autorouterAlgoSource)})` : "";
  const when = `, ${ago(capture.capturedAt, now)}`;
  const answered = cut(clean(capture.autorouterModel), style.width - when.length) + when;
  const facts = [
    ["agent", agentId],
    ["session", capture.sessionId],
    ["algorithm", autorouterAlgo && autorouterAlgo + by],
    ["thinking", capture.thinkingApplied],
    ["context window", window && `${window.toLocaleString("en")} tokens`],
    ["turn", turn && `${turn}, attempt ${capture.openclawAttempt ?? "unknown"}`],
    ["request", capture.taasRequestId],
    ["trace", capture.taasTraceId],
    ["observed", capture.observed ? "yes, another plugin made this call" : null],
  ];
  return [style.paint("bold", answered), ...pairs(facts, style)];
}

const columns = (now) => [
  { title: "WHEN", cell: (row) => ago(row.capturedAt, now), align: "right" },
  { title: "AGENT", cell: (row) => row.agentId, flexible: true },
  { title: "KIND", cell: (row) => row.kind },
  { title: "STATUS", cell: (row) => row.status ?? "ok", align: "right" },
  { title: "MODEL", cell: (row) => row.autorouterModel, flexible: true },
  { title: "ALGORITHM", cell: (row) => row.autorouterAlgo, flexible: true },
  { title: "REQUEST", cell: (row) => row.taasRequestId, flexible: true },
];

/** One row for each route or failure. */
function routesLines({ routes: rows, total }, params, now, style) {
  if (rows.length === 0) {
    return [`No routes recorded ${selectionOf(params)}.`];
  }
  const rest = `${count(rows.length)} of ${count(total)} shown. Use --limit to show more.`;
  return [...table(rows, columns(now), style), ...(total > rows.length ? ["", rest] : [])];
}

/** @type {import("./tree.js").Command} */
export async function route({ ask, params, now }) {
  const answer = await ask("taas.affinity.lastRoute", params);
  if (!answer.capture) {
    await refuseUnknownAgent(ask, params);
  }
  return { answer, lines: (style) => routeLines(answer, params, now(), style) };
}

/** @type {import("./tree.js").Command} */
export async function routes({ ask, options, params, now }) {
  const { limit = `${ROUTES.usual}`, kind } = options;
  if (!/^\d+$/.test(limit)) {
    throw usageError(`--limit must be a whole number between 1 and ${ROUTES.highest}`);
  }
  const answer = await ask("taas.affinity.routes", {
    ...params,
    ...(kind !== undefined && { kind }),
    limit: Number(limit),
  });
  if (answer.total === 0) {
    await refuseUnknownAgent(ask, params);
  }
  return { answer, lines: (style) => routesLines(answer, params, now(), style) };
}
