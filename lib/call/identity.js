// Finds the identity of a hook's context. The addon decides the identity. A gateway has few identities and asks for a
// wrapper at every run, so identities are remembered.

import { agentOfDirectory, soleAgent } from "../host/agents.js";
import { originOf } from "../host/models.js";
import { stringOf } from "../plain.js";

/** How many identities are remembered. When the memory is full, all are forgotten. */
const LIMIT = 256;

/**
 * @typedef {object} Identity
 * @property {import("../../native.js").Identity["handle"]} handle by which the addon knows the identity
 * @property {string} sessionId
 * @property {string} source
 * @property {string | null} agentId
 * @property {boolean} reusable
 * @property {Record<string, string>} headers of every request
 * @property {{ text?: string, metadata?: object }} latest the metadata that was added last, as text and parsed; the
 *   parsed object must be copied
 */

/** The id of the requested model: the context's own, unless it is blank, else its model's. */
const modelIdOf = ({ modelId, model }) =>
  stringOf(modelId)?.trim() ? modelId : stringOf(model?.id);

/**
 * @param {import("./hooks.js").Parts} parts
 * @returns {(context: object, conversationId?: unknown) => Identity} takes the context of any provider hook.
 *   `conversationId` is given if each conversation has an affinity session of its own
 */
export function createIdentities({ addon: { gateway }, host }) {
  const hostAgents = host.api.runtime?.agent;
  /** By workspace directory. Most workspaces have one identity. */
  const remembered = new Map();
  let count = 0;

  function remember(key, identity) {
    if (count >= LIMIT) {
      remembered.clear();
      count = 0;
    }
    count += 1;
    if (!remembered.has(key.workspaceDir)) {
      remembered.set(key.workspaceDir, []);
    }
    remembered.get(key.workspaceDir).push({ key, identity });
  }

  /** The agent of a context. A simple completion has no agent in its context, so the agent of its model counts. */
  function agentIn(context) {
    const workspaceDir = stringOf(context.workspaceDir);
    const agentDir = stringOf(context.agentDir);
    const agentId = stringOf(context.agentId);
    return workspaceDir !== undefined || agentDir !== undefined || agentId !== undefined
      ? { workspaceDir, agentDir, agentId }
      : (originOf(context.model)?.context ?? soleAgent(context.config, hostAgents) ?? {});
  }

  return (context, conversation) => {
    const conversationId = stringOf(conversation);
    const { workspaceDir, agentDir, agentId } = agentIn(context);
    const provider = stringOf(context.provider);
    const modelId = modelIdOf(context);
    for (const { key, identity } of remembered.get(workspaceDir) ?? []) {
      if (
        key.agentDir === agentDir &&
        key.agentId === agentId &&
        key.conversationId === conversationId &&
        key.provider === provider &&
        key.modelId === modelId
      ) {
        return identity;
      }
    }
    const key = { workspaceDir, agentDir, agentId, conversationId, provider, modelId };
    const decided = gateway.identity(
      {
        ...key,
        agentId: agentId ?? agentOfDirectory(agentDir, context.config, hostAgents),
      },
      process.env,
    );
    const identity = { ...decided, headers: JSON.parse(decided.headers), latest: {} };
    if (identity.reusable) {
      remember(key, identity);
    }
    return identity;
  };
}
