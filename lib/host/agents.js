// The agents in the host's configuration, for hooks whose context names no agent.

import { isObject, stringOf } from "../plain.js";
import { keysOf, listOf, readSafely } from "./lenient.js";

/**
 * The configured agents. Depending on the host's version, they are in `agents.entries` or in `agents.list`.
 *
 * @param {object} config the host's
 * @returns {{ id: unknown, workspace: unknown }[]}
 */
export function configuredAgents(config) {
  const { entries, list } = config.agents ?? {};
  return isObject(entries)
    ? keysOf(entries).map((id) => ({ id, workspace: readSafely(() => entries[id]?.workspace) }))
    : listOf(list).map((agent) => ({ id: agent?.id, workspace: agent?.workspace }));
}

/**
 * The only agent of the host, with its workspace. Without configured agents, the host has the agent `main`.
 *
 * @param {object | undefined} config the host's
 * @param {object | undefined} hostAgents the host's `runtime.agent`
 * @returns {{ agentId: string, workspaceDir: string | undefined } | undefined}
 */
export function soleAgent(config, hostAgents) {
  if (!isObject(config)) {
    return undefined;
  }
  const [{ id: agentId } = { id: "main" }, ...others] = configuredAgents(config);
  if (others.length > 0 || typeof agentId !== "string") {
    return undefined;
  }
  const workspaceDir = stringOf(hostAgents?.resolveAgentWorkspaceDir?.(config, agentId));
  return { agentId, workspaceDir };
}

/** The id of the agent that has a custom directory. The path of a default directory already names its agent. */
export function agentOfDirectory(agentDir, config, hostAgents) {
  const isDefault = /[\\/]agents[\\/][^\\/]+[\\/]agent[\\/]?$/.test(agentDir);
  if (agentDir === undefined || isDefault || !isObject(config)) {
    return undefined;
  }
  const ids = configuredAgents(config).map(({ id }) => id);
  return ids.find((id) => hostAgents?.resolveAgentDir?.(config, id) === agentDir);
}

/** The agent id of an event. A session key has the form `agent:<id>:…`. */
export const agentOfEvent = ({ agentId, sessionKey }) =>
  stringOf(agentId) || /^agent:([^:]+):/.exec(String(sessionKey))?.[1];
