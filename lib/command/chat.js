// `/taas` in a chat: a short answer about the agent of the chat.

import { checkLines, summary } from "./checks.js";
import { ago, count, counted, percent } from "./numbers.js";
import { savedText } from "./tables.js";
import { clean } from "./text.js";

const ROUTES = 5;
const STYLE = { width: 1000, paint: (_, text) => text };

async function overview(ask, params) {
  const [status, { capture }] = await Promise.all([
    ask("taas.affinity.status", params),
    ask("taas.affinity.lastRoute", params),
  ]);
  const { agentId } = params;
  const row = agentId ? status.agents[0] : status.totals;
  const warnings = status.warnings.length;
  const route = capture
    ? `answered by ${clean(capture.autorouterModel)}, ${ago(capture.capturedAt, status.now)}`
    : "no route recorded yet";
  return [
    `${agentId ? clean(agentId) : "All agents"}: ${route}`,
    row?.requests > 0
      ? `${percent(row.hitRate)} of the prompt cached in ${counted(row.requests, "call")}, saved ${savedText(row)}`
      : "no calls recorded yet",
    warnings > 0 ? `${counted(warnings, "warning")}: use /taas doctor` : "no warnings",
  ];
}

async function routes(ask, params) {
  const answer = await ask("taas.affinity.routes", { ...params, limit: ROUTES });
  const lines = answer.routes.map(({ capturedAt, autorouterModel, kind, status }) => {
    const title = kind === "completion" ? " (completion)" : "";
    const failed = status >= 400 ? `, failed with ${count(status)}` : "";
    return `${ago(capturedAt, Date.now())}: ${clean(autorouterModel)}${title}${failed}`;
  });
  return lines.length > 0 ? lines : ["no routes recorded yet"];
}

async function doctor(ask) {
  const { checks } = await ask("taas.affinity.status", {});
  const problems = checks.filter(({ level }) => level !== "ok");
  const lines = problems.flatMap((check) => checkLines(check, STYLE));
  return [summary(checks), ...lines.map((line) => line.trim())];
}

const COMMANDS = { __proto__: null, "": overview, routes, doctor };

/**
 * @param {(method: string, params: object) => Promise<object>} ask
 * @param {{ agentId?: string, args?: string }} context from the host, for one chat command
 * @returns {Promise<{ text: string }>}
 */
export async function answerChat(ask, context) {
  const { agentId, args } = context ?? {};
  const command = COMMANDS[`${args ?? ""}`.trim().toLowerCase()];
  const text = (await command?.(ask, agentId ? { agentId } : {}))?.join("\n");
  return { text: text ?? "Unknown command. Use /taas, /taas routes or /taas doctor." };
}
