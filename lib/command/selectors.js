// The options that select an agent, session, workspace or conversation, and the params that they become.

import { isAbsolute, resolve } from "node:path";

import { CommandError } from "./errors.js";

/** By option name, in the order in which the gateway looks at their keys. */
export const SELECTORS = {
  agent: { flags: "--agent <id>", help: "Only this agent", key: "agentId", noun: "agent" },
  session: {
    flags: "--session <id>",
    help: "Only this session id (oc:...)",
    key: "sessionId",
    noun: "session",
  },
  workspace: {
    flags: "--workspace <dir>",
    help: "Only the agent with this workspace directory",
    key: "workspaceDir",
    noun: "workspace",
  },
  conversation: {
    flags: "--conversation <id>",
    help: "Only this conversation, by OpenClaw's session id",
    key: "conversationId",
    noun: "conversation",
  },
};

/** The gateway runs in another directory, so a relative path becomes absolute. The gateway expands `~`. */
const directory = (text) => (/^~|^\s*$/.test(text) || isAbsolute(text) ? text : resolve(text));

/**
 * @returns {object} the params of a gateway method that select the same as `options`
 * @throws {CommandError} for more than one selector, or for an option in the place of a value
 */
export function paramsFrom(options) {
  const given = Object.keys(SELECTORS).filter((name) => options[name] !== undefined);
  if (given.length > 1) {
    const names = given.map((name) => `--${name}`).join(" and ");
    throw CommandError.usage(`${names} cannot be combined: use only one of them`);
  }
  const withoutValue = given.find((name) => options[name].startsWith("-"));
  if (withoutValue !== undefined) {
    throw CommandError.usage(`--${withoutValue} needs a value`);
  }
  return Object.fromEntries(
    given.map((name) => [
      SELECTORS[name].key,
      name === "workspace" ? directory(options[name]) : options[name],
    ]),
  );
}

/** The end of "No calls recorded …": `for this agent`, `for this session` and so on, or `yet` without a selector. */
export function selectionOf(params) {
  const selector = Object.values(SELECTORS).find(({ key }) => Object.hasOwn(params, key));
  return selector === undefined ? "yet" : `for this ${selector.noun}`;
}
