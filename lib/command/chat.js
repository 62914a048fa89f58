// `/taas` in a chat: the short form, for the agent that one is talking to.

import { checkLines, summary } from "./checks.js";
import { ago, count, counted, percent } from "./numbers.js";
import { saved } from "./status.js";
import { clean } from "./text.js";

const ROUTES = 5;
const STYLE = { width: 1000, paint: (_, text) => text };
const USAGE = "/taas, /taas routes or /taas doctor";

const of = ({ agentId }) => (agentId ? { agentId } : {});

async function short(ask, context) {
  const [status, { capture }] = await Promise.all([
    ask("taas.affinity.status", of(context)),
    ask("taas.affinity.lastRoute", of(context)),
  ]);
  const who = context.agentId ? clean(context.agentId) : "All agents";
  const row = context.agentId ? status.agents[0] : status.totals;
  const warnings = status.warnings.length;
  const routed = capture
    ? `answered by ${clean(capture.autorouterModel)}, ${ago(capture.capturedAt, status.now)}`
    : "no autorouted answer yet";
  return [
    `${who}: ${routed}`,
    row?.requests > 0
      ? `${percent(row.hitRate)} of the prompt cached in ${counted(row.requests, "call")}, ${saved(row)} saved`
      : "no call has ended yet",
    warnings > 0 ? `${counted(warnings, "warning")}: /taas doctor` : "no warnings",
  ];
}

async function routes(ask, context) {
  const answer = await ask("taas.affinity.routes", { ...of(context), limit: ROUTES });
  const now = Date.now();
  const lines = answer.routes.map(
    (row) =>
      `${ago(row.capturedAt, now)}: ${clean(row.autorouterModel)}${row.status >= 400 ? `, failed with ${count(row.status)}` : ""}`,
  );
  return lines.length > 0 ? lines : ["no answer was seen yet"];
}

async function doctor(ask) {
  const { checks } = await ask("taas.affinity.status", {});
  const wrong = checks.filter(({ level }) => level !== "ok");
  return [
    ...wrong.flatMap((check) => checkLines(check, STYLE).map((line) => line.trim())),
    summary(checks),
  ];
}

const FORMS = { "": short, routes, doctor };

/**
 * @param {(method: string, params: object) => Promise<object>} ask
 * @param {{ agentId?: string, args?: string }} context the host's, of a chat command
 * @returns {Promise<{ text: string }>}
 */
export async function answerChat(ask, context) {
  const { agentId, args } = context ?? {};
  const form = String(args ?? "")
    .trim()
    .toLowerCase();
  if (!Object.hasOwn(FORMS, form)) {
    return { text: `There is ${USAGE}.` };
  }
  return { text: (await FORMS[form](ask, { agentId })).join("\n") };
}
