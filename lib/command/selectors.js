// The options that select an agent, session, workspace or conversation, and the params that they become.

import { isAbsolute, resolve } from "node:path";

import { usageError } from "./errors.js";

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

/** The end of "No calls recorded …": `for this agent`, `for this session` and so on, or `yet` without a selector. */
export function selectionOf(params) {
  const name = Object.keys(SELECTORS).find((each) => SELECTORS[each].key in params);
  return name === undefined ? "yet" : `for this ${name}`;
}
