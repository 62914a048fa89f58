// `openclaw taas status`: calls, cache savings and warnings.

import { checkLines } from "./checks.js";
import { usageError } from "./errors.js";
import { ago, counted } from "./numbers.js";
import { refuseUnknown, selectionOf } from "./selectors.js";
import {
  agentTable,
  callTable,
  costText,
  figures,
  LATENCY_LEGEND,
  latencyTable,
  modelTable,
  savedText,
  sessionTable,
  stickiness,
} from "./tables.js";
import { clean } from "./text.js";

const EMPTY =
  "No calls recorded since the gateway started. Send a message to an agent, then try again.";
const LEGEND = "HIT is the hit rate since then, NOW the hit rate of the last 32 calls.";

/** What all calls cost and saved, what HIT and NOW mean, and whether conversations find their prompts in the cache. */
function totalLines({ now, since, totals, baseline }) {
  const { requests, firstCallHitRate, laterCallHitRate, saved } = totals;
  const cost = costText(totals);
  const isPart = cost && saved.pricedRequests < requests;
  const some = isPart ? ` in ${counted(saved.pricedRequests, "call")} with a known price` : "";
  const knowsConversations = [firstCallHitRate, laterCallHitRate].some(Number.isFinite);
  return [
    `${counted(requests, "call")}, the first ${ago(since, now)}${cost ? `, cost ${cost}` : ""}.`,
    LEGEND,
    ...(knowsConversations ? [`Hit rate of conversations: ${stickiness(totals)}.`] : []),
    `Saved ${savedText(totals)}${some} (baseline: ${clean(baseline)}).`,
  ];
}

/** The figures of the one agent or session that is selected. */
function oneLines(row, calls, now, style) {
  const last = calls?.length > 0 ? ["", ...callTable(calls, now, style)] : [];
  return [...figures(row, now, style), ...last];
}

/** The figures that `answer` has about the selected agents and sessions. */
function figureLines(answer, { options, params }, style) {
  const { now, totals, agents, sessions, models } = answer;
  const isPart = Object.keys(params).length > 0;
  const isSession = isPart && params.agentId === undefined;
  if (totals.requests === 0) {
    return [EMPTY];
  }
  if (isPart && sessions.length + agents.length === 0) {
    return [`No calls recorded ${selectionOf(params)}.`];
  }
  const lines = [];
  if (isSession && sessions.length === 1) {
    lines.push(...oneLines(sessions[0], sessions[0].calls, now, style));
  } else if (isPart && !isSession && agents.length === 1) {
    lines.push(...oneLines(agents[0], undefined, now, style));
  } else {
    const rows = isPart ? agents : [...agents, { agentId: "all", ...totals }];
    lines.push(...agentTable(rows, now, style));
  }
  if (options.sessions || (isSession && sessions.length > 1)) {
    lines.push("", ...sessionTable(sessions, now, style));
  }
  if (options.models) {
    lines.push("", ...modelTable(models, totals, style));
  }
  if (options.latency) {
    const tables = isPart ? [agents] : [agents, models];
    lines.push(...tables.flatMap((rows) => ["", ...latencyTable(rows, style)]));
    lines.push("", LATENCY_LEGEND);
  }
  if (!isPart) {
    lines.push("", ...totalLines(answer));
  }
  return lines;
}

/** @type {import("./tree.js").Command} */
export async function status(request) {
  const { ask, params, options } = request;
  if (options.models && Object.keys(params).length > 0) {
    throw usageError("--models counts the calls of all agents: leave the selection out");
  }
  const answer = await ask("taas.affinity.status", params);
  refuseUnknown(answer, params);
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
