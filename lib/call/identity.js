// The identity of the calls of a wrapper. A gateway has few identities and makes a wrapper for every run, so what the
// addon decides is remembered.

import { agentOfDirectory, soleAgent } from "../host/agents.js";
import { originOf } from "../host/models.js";

/** How many identities are remembered. All are forgotten at once, which is simple and rare. */
const LIMIT = 256;

const textOf = (value) => (typeof value === "string" ? value : undefined);

/**
 * @typedef {object} Identity
 * @property {import("../../native.js").Identity["handle"]} handle what the addon knows it by
 * @property {string} sessionId
 * @property {string} source
 * @property {string | null} agentId
 * @property {boolean} reusable
 * @property {Record<string, string>} headers what every request carries
 * @property {{ text?: string, metadata?: object }} said what was added last to a payload, as the addon gave it and
 *   parsed; to be copied, never handed out
 */

/**
 * @param {import("./hooks.js").Parts} parts
 * @returns {(context: object, conversationId?: unknown) => Identity} for the context of any provider hook, and
 *   OpenClaw's own session id if each conversation is an affinity session of its own
 */
export function createIdentities({ addon: { gateway }, host }) {
  const hostAgents = host.api.runtime?.agent;
  /** By workspace directory: there is seldom more than one identity in each. */
  const remembered = new Map();
  let count = 0;

  function decide(given) {
    const identity = gateway.identity(given, process.env);
    const headers = JSON.parse(identity.headers);
    return { ...identity, headers, said: { text: undefined, metadata: undefined } };
  }

  function remember(given, identity) {
    if (count >= LIMIT) {
      remembered.clear();
      count = 0;
    }
    count += 1;
    const others = remembered.get(given.workspaceDir);
    if (others === undefined) {
      remembered.set(given.workspaceDir, [{ given, identity }]);
    } else {
      others.push({ given, identity });
    }
  }

  /** The agent that a context names. A simple completion's own names none, but the model that it is for does. */
  function named(context) {
    const workspaceDir = textOf(context.workspaceDir);
    const agentDir = textOf(context.agentDir);
    const agentId = textOf(context.agentId);
    if (workspaceDir !== undefined || agentDir !== undefined || agentId !== undefined) {
      return { workspaceDir, agentDir, agentId };
    }
    return originOf(context.model)?.context ?? soleAgent(context.config, hostAgents) ?? {};
  }

  return (context, conversation) => {
    const conversationId = textOf(conversation);
    const { workspaceDir, agentDir, agentId } = named(context);
    const provider = textOf(context.provider);
    const modelId = textOf(context.modelId);
    for (const { given, identity } of remembered.get(workspaceDir) ?? []) {
      if (
        given.agentDir === agentDir &&
        given.asked === agentId &&
        given.conversationId === conversationId &&
        given.provider === provider &&
        given.modelId === modelId
      ) {
        return identity;
      }
    }
    // Read once, so that what is remembered is what was decided.
    const given = {
      workspaceDir,
      agentDir,
      agentId: agentId ?? agentOfDirectory(agentDir, context.config, hostAgents),
      conversationId,
      provider,
      modelId,
      model: context.model,
    };
    const identity = decide(given);
    if (identity.reusable) {
      remember(
        { workspaceDir, agentDir, asked: agentId, conversationId, provider, modelId },
        identity,
      );
    }
    return identity;
  };
}
