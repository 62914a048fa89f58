// What a command is about, said by options and asked for by parameters.

import { isAbsolute, resolve } from "node:path";

import { CommandError } from "./errors.js";

/** By the option's name, in the order in which the gateway looks at them. */
export const SELECTORS = {
  agent: { flags: "--agent <id>", what: "An agent", key: "agentId" },
  session: { flags: "--session <id>", what: "An affinity session (oc:...)", key: "sessionId" },
  workspace: { flags: "--workspace <dir>", what: "An agent's workspace", key: "workspaceDir" },
  conversation: {
    flags: "--conversation <id>",
    what: "A session, by OpenClaw's own id of it",
    key: "conversationId",
  },
};

/** A directory as the gateway can read it, which runs elsewhere; `~` is left for it. */
const directory = (text) => (/^~|^\s*$/.test(text) || isAbsolute(text) ? text : resolve(text));

/**
 * The parameters that say the same as `options`.
 *
 * @throws {CommandError} where there is more than one selector, or an option in the place of its value
 */
export function selected(options) {
  const given = Object.keys(SELECTORS).filter((name) => options[name] !== undefined);
  if (given.length > 1) {
    const names = given.map((name) => `--${name}`).join(" and ");
    throw CommandError.asked(`${names} exclude each other: give one of them`);
  }
  const swallowed = given.find((name) => options[name].startsWith("-"));
  if (swallowed !== undefined) {
    throw CommandError.asked(`--${swallowed} is without its value`);
  }
  return Object.fromEntries(
    given.map((name) => [
      SELECTORS[name].key,
      name === "workspace" ? directory(options[name]) : options[name],
    ]),
  );
}
