// What the host's configuration says of its agents, where a hook's context leaves it open.

import { unlessPromise } from "./lenient.js";

/** The ids of the agents that the configuration names, in whichever form this host has them. */
function configuredIds(config) {
  const { entries, list } = config.agents ?? {};
  if (entries !== null && typeof entries === "object") {
    return Object.keys(entries);
  }
  return Array.isArray(list) ? list.map((agent) => agent?.id) : [];
}

/** A directory that the host says. What it only promises is none. */
function directoryOf(said) {
  const known = unlessPromise(said);
  return typeof known === "string" ? known : undefined;
}

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
  const [agentId = "main", ...others] = configuredIds(config);
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
  return configuredIds(config).find(
    (id) => directoryOf(hostAgents?.resolveAgentDir?.(config, id)) === agentDir,
  );
}

/** `<id>` of `agent:<id>:…`, the host's name for a session of an agent or of one of its subagents. */
export const agentOf = ({ agentId, sessionKey }) =>
  typeof agentId === "string" && agentId !== ""
    ? agentId
    : /^agent:([^:]+):/.exec(String(sessionKey))?.[1];
