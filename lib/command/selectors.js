// The options that select an agent, session, workspace or conversation, and the params that they become.

import { isAbsolute, resolve } from "node:path";

import { CommandError, EXIT, usageError } from "./errors.js";
import { clean } from "./text.js";

/** By option name, in the order in which the gateway looks at their keys. */
export const SELECTORS = {
  agent: { key: "agentId", help: "Only this agent" },
  session: { key: "sessionId", help: "Only this session id (oc:...)" },
  workspace: { key: "workspaceDir", help: "Only the agent with this workspace directory" },
  conversation: { key: "conversationId", help: "Only this conversation, by OpenClaw's session id" },
};

/** The gateway runs in another directory, so a relative path becomes absolute. The gateway expands `~`. */
const directory = (text) => (/^~|^\s*$/.test(text) || isAbsolute(text) ? text : resolve(text));

/**
 * @returns {object} the params of a gateway method that select the same as `options`
 * @throws {import("./errors.js").CommandError} for more than one selector, or for an option in the place of a value
 */
export function paramsFrom(options) {
  const [name, other] = Object.keys(SELECTORS).filter((each) => options[each] !== undefined);
  if (other !== undefined) {
    throw usageError(`--${name} and --${other} cannot be combined: use only one of them`);
  }
  if (name === undefined) {
    return {};
  }
  const value = options[name];
  if (value.startsWith("-")) {
    throw usageError(`--${name} needs a value`);
  }
  return { [SELECTORS[name].key]: name === "workspace" ? directory(value) : value };
}

/**
 * @param {{ knownAgents?: string[] }} answer of `taas.affinity.status`; it names the known agents if the selected agent is
 *   not one of them
 * @throws {CommandError} if the selected agent was never seen and is not configured
 */
export function refuseUnknown({ knownAgents }, { agentId }) {
  if (knownAgents) {
    const known = `the known agents are: ${knownAgents.map(clean).join(", ") || "none"}`;
    throw new CommandError({
      exit: EXIT.problem,
      code: "UNKNOWN_AGENT",
      message: `no agent "${clean(agentId)}" is configured, and no such agent was seen; ${known}`,
      publicMessage: `the agent is unknown; ${known}`,
    });
  }
}

/** As {@link refuseUnknown}, for a command that has no answer of `taas.affinity.status`. */
export async function refuseUnknownAgent(ask, params) {
  if (params.agentId !== undefined) {
    refuseUnknown(await ask("taas.affinity.status", params), params);
  }
}

/** The end of "No calls recorded …": `for this agent`, `for this session` and so on, or `yet` without a selector. */
export function selectionOf(params) {
  const name = Object.keys(SELECTORS).find((each) => SELECTORS[each].key in params);
  return name === undefined ? "yet" : `for this ${name}`;
}
