// `/taas` in a chat: a short answer about the agent of the chat.

import { checkLines, summary } from "./checks.js";
import { ago, count, counted, percent } from "./numbers.js";
import { saved } from "./status.js";
import { clean } from "./text.js";

const ROUTES = 5;
const STYLE = { width: 1000, paint: (_, text) => text };
const UNKNOWN = "Unknown command. Use /taas, /taas routes or /taas doctor.";

const paramsOf = ({ agentId }) => (agentId ? { agentId } : {});

async function overview(ask, context) {
  const [status, { capture }] = await Promise.all([
    ask("taas.affinity.status", paramsOf(context)),
    ask("taas.affinity.lastRoute", paramsOf(context)),
  ]);
  const subject = context.agentId ? clean(context.agentId) : "All agents";
  const row = context.agentId ? status.agents[0] : status.totals;
  const warnings = status.warnings.length;
  const route = capture
    ? `answered by ${clean(capture.autorouterModel)}, ${ago(capture.capturedAt, status.now)}`
    : "no route recorded yet";
  return [
    `${subject}: ${route}`,
    row?.requests > 0
      ? `${percent(row.hitRate)} of the prompt cached in ${counted(row.requests, "call")}, ${saved(row)} saved`
      : "no calls recorded yet",
    warnings > 0 ? `${counted(warnings, "warning")}: use /taas doctor` : "no warnings",
  ];
}

async function routes(ask, context) {
  const answer = await ask("taas.affinity.routes", { ...paramsOf(context), limit: ROUTES });
  const now = Date.now();
  const lines = answer.routes.map(
    (row) =>
      `${ago(row.capturedAt, now)}: ${clean(row.autorouterModel)}${row.status >= 400 ? `, failed with ${count(row.status)}` : ""}`,
  );
  return lines.length > 0 ? lines : ["no routes recorded yet"];
}

async function doctor(ask) {
  const { checks } = await ask("taas.affinity.status", {});
  const problems = checks.filter(({ level }) => level !== "ok");
  return [
    ...problems.flatMap((check) => checkLines(check, STYLE).map((line) => line.trim())),
    summary(checks),
  ];
}

const COMMANDS = { "": overview, routes, doctor };

/**
 * @param {(method: string, params: object) => Promise<object>} ask
 * @param {{ agentId?: string, args?: string }} context from the host, for one chat command
 * @returns {Promise<{ text: string }>}
 */
export async function answerChat(ask, context) {
  const { agentId, args } = context ?? {};
  const name = String(args ?? "")
    .trim()
    .toLowerCase();
  if (!Object.hasOwn(COMMANDS, name)) {
    return { text: UNKNOWN };
  }
  return { text: (await COMMANDS[name](ask, { agentId })).join("\n") };
}
