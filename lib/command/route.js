// `openclaw taas route` and `openclaw taas routes`: which model answered.

import { ROUTES } from "./accepted.js";
import { CommandError } from "./errors.js";
import { ago, count } from "./numbers.js";
import { selectionOf } from "./selectors.js";
import { pairs, table } from "./table.js";
import { clean, cut } from "./text.js";

const algorithmOf = ({ autorouterAlgo, autorouterAlgoSource }) =>
  autorouterAlgoSource
    ? `${clean(autorouterAlgo)} (${clean(autorouterAlgoSource)})`
    : autorouterAlgo;

/** All fields of the latest route. */
function routeLines({ agentId, capture }, params, now, style) {
  if (!capture) {
    return [`No route recorded ${selectionOf(params)}.`];
  }
  const turn = capture.openclawTurnId;
  const window = capture.routedContextWindow;
  const when = `, ${ago(capture.capturedAt, now)}`;
  const answered = cut(clean(capture.autorouterModel), style.width - when.length) + when;
  return [
    style.paint("bold", answered),
    ...pairs(
      [
        ["agent", agentId],
        ["session", capture.sessionId],
        ["algorithm", algorithmOf(capture)],
        ["thinking", capture.thinkingApplied],
        ["context window", window ? `${window.toLocaleString("en")} tokens` : null],
        ["turn", turn && `${turn}, attempt ${capture.openclawAttempt ?? "unknown"}`],
        ["request", capture.taasRequestId],
        ["trace", capture.taasTraceId],
        ["observed", capture.observed ? "yes, another plugin made this call" : null],
      ],
      style,
    ),
  ];
}

const COLUMNS = (now) => [
  { title: "WHEN", cell: (row) => ago(row.capturedAt, now), align: "right" },
  { title: "AGENT", cell: (row) => row.agentId, flexible: true },
  { title: "STATUS", cell: (row) => row.status ?? "ok", align: "right" },
  { title: "MODEL", cell: (row) => row.autorouterModel, flexible: true },
  { title: "ALGORITHM", cell: (row) => row.autorouterAlgo, flexible: true },
  { title: "REQUEST", cell: (row) => row.taasRequestId, flexible: true },
];

/** One row for each route or failure. */
function routesLines({ routes, total }, params, now, style) {
  if (routes.length === 0) {
    return [`No routes recorded ${selectionOf(params)}.`];
  }
  const rest =
    total > routes.length
      ? ["", `${count(routes.length)} of ${count(total)} shown. Use --limit to show more.`]
      : [];
  return [...table(routes, COLUMNS(now), style), ...rest];
}

/** @type {import("./tree.js").View} */
export const route = {
  async run({ ask, params, now }) {
    const answer = await ask("taas.affinity.lastRoute", params);
    return { answer, lines: (style) => routeLines(answer, params, now(), style) };
  },
};

/** @type {import("./tree.js").View} */
export const routes = {
  async run({ ask, options, params, now }) {
    const { limit: given = String(ROUTES.usual) } = options;
    if (!/^\d+$/.test(given)) {
      throw CommandError.usage(`--limit must be a whole number between 1 and ${ROUTES.highest}`);
    }
    const limit = Number(given);
    const answer = await ask("taas.affinity.routes", { ...params, limit });
    return { answer, lines: (style) => routesLines(answer, params, now(), style) };
  },
};
