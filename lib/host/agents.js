// What the host's configuration says of its agents, where a hook's context leaves it open.

import { isObject, keysOf, listOf, reading } from "./lenient.js";

/**
 * The agents that the configuration names, in whichever form this host has them.
 *
 * @param {object} config the host's
 * @returns {{ id: unknown, workspace: unknown }[]}
 */
export function configuredAgents(config) {
  const { entries, list } = config.agents ?? {};
  return isObject(entries)
    ? keysOf(entries).map((id) => ({
        id,
        workspace: reading(() => entries[id]?.workspace, undefined),
      }))
    : listOf(list).map((agent) => ({ id: agent?.id, workspace: agent?.workspace }));
}

const directoryOf = (said) => (typeof said === "string" ? said : undefined);

/**
 * The only agent there is, with its workspace: the one that is configured, or `main` where none is.
 *
 * @param {object | undefined} config the host's configuration
 * @param {object | undefined} hostAgents the host's `runtime.agent`, which knows the workspaces
 * @returns {{ agentId: string, workspaceDir: string | undefined } | undefined}
 */
export function soleAgent(config, hostAgents) {
  if (config === null || typeof config !== "object") {
    return undefined;
  }
  const [{ id: agentId } = { id: "main" }, ...others] = configuredAgents(config);
  if (others.length > 0 || typeof agentId !== "string") {
    return undefined;
  }
  const workspaceDir = directoryOf(hostAgents?.resolveAgentWorkspaceDir?.(config, agentId));
  return { agentId, workspaceDir };
}

/**
 * The agent that the host keeps in `agentDir`, where the directory's own form does not tell.
 *
 * @param {string | undefined} agentDir
 * @returns {string | undefined}
 */
export function agentOfDirectory(agentDir, config, hostAgents) {
  const told = agentDir === undefined || /[\\/]agents[\\/][^\\/]+[\\/]agent[\\/]?$/.test(agentDir);
  if (told || config === null || typeof config !== "object") {
    return undefined;
  }
  const ids = configuredAgents(config).map(({ id }) => id);
  return ids.find((id) => directoryOf(hostAgents?.resolveAgentDir?.(config, id)) === agentDir);
}

/** `<id>` of `agent:<id>:…`, the host's name for a session of an agent or of one of its subagents. */
export const agentOf = ({ agentId, sessionKey }) =>
  typeof agentId === "string" && agentId !== ""
    ? agentId
    : /^agent:([^:]+):/.exec(String(sessionKey))?.[1];
